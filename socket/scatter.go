package socket

import "github.com/brokerless/brokerless/pattern"

// Scatter sends each message to one of its GATHER peers, in turn (RFC 49). It is
// PUSH for messages of one frame.
type Scatter struct {
	*socket
	*balancing
}

// NewScatter returns a SCATTER socket. The error, if any, matches ErrOption.
func NewScatter(opts ...ScatterOption) (*Scatter, error) {
	c := newConfig()
	for _, o := range opts {
		o.forScatter(c)
	}
	s, err := newSingle(pattern.SCATTER, c)
	if err != nil {
		return nil, err
	}
	x := &Scatter{socket: s, balancing: &balancing{s: s}}
	s.rules = x.balancing
	return x, nil
}
