package socket

import "github.com/brokerless/brokerless/pattern"

// Pull receives the messages of its PUSH peers, fairly (RFC 30).
type Pull struct {
	*socket
	receiving
}

// NewPull returns a PULL socket. The error, if any, matches ErrOption.
func NewPull(opts ...PullOption) (*Pull, error) {
	c := newConfig()
	for _, o := range opts {
		o.forPull(c)
	}
	s, err := newSocket(pattern.PULL, c)
	if err != nil {
		return nil, err
	}
	s.rules = silent{}
	return &Pull{socket: s, receiving: receiving{s}}, nil
}

// silent is the rules of a socket that sends nothing.
type silent struct{}

func (silent) open(*pipe)            {}
func (silent) attach(*session) error { return nil }
func (silent) detach(*session)       {}
func (silent) drop(*pipe)            {}
func (silent) room(*pipe)            {}
