package socket

import "github.com/brokerless/brokerless/pattern"

// Push sends each message to one of its PULL peers, in turn (RFC 30).
type Push struct {
	*socket
	*balancing
}

// NewPush returns a PUSH socket. The error, if any, matches ErrOption.
func NewPush(opts ...PushOption) (*Push, error) {
	c := newConfig()
	for _, o := range opts {
		o.forPush(c)
	}
	s, err := newSocket(pattern.PUSH, c)
	if err != nil {
		return nil, err
	}
	p := &Push{socket: s, balancing: &balancing{s: s}}
	s.rules = p.balancing
	return p, nil
}
