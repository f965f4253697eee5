package socket

import "github.com/brokerless/brokerless/pattern"

// Gather receives the messages of its SCATTER peers, fairly (RFC 49). It is PULL
// for messages of one frame.
type Gather struct {
	*socket
	receiving
}

// NewGather returns a GATHER socket. The error, if any, matches ErrOption.
func NewGather(opts ...GatherOption) (*Gather, error) {
	c := newConfig()
	for _, o := range opts {
		o.forGather(c)
	}
	s, err := newSingle(pattern.GATHER, c)
	if err != nil {
		return nil, err
	}
	s.rules = silent{}
	return &Gather{socket: s, receiving: receiving{s}}, nil
}
