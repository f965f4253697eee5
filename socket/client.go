package socket

import "github.com/brokerless/brokerless/pattern"

// Client sends each message to one of its SERVER peers, in turn, and receives
// from all of them, fairly (RFC 41). It is DEALER for messages of one frame.
type Client struct {
	*socket
	*balancing
	receiving
}

// NewClient returns a CLIENT socket. The error, if any, matches ErrOption.
func NewClient(opts ...ClientOption) (*Client, error) {
	c := newConfig()
	for _, o := range opts {
		o.forClient(c)
	}
	s, err := newSingle(pattern.CLIENT, c)
	if err != nil {
		return nil, err
	}
	k := &Client{socket: s, balancing: &balancing{s: s}, receiving: receiving{s}}
	s.rules = k.balancing
	if c.leastLoaded {
		s.recv.filter = answers{k.balancing}
	}
	return k, nil
}
