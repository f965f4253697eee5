package socket

import "github.com/brokerless/brokerless/pattern"

// Dealer sends each message to one of its REP, DEALER or ROUTER peers, in
// turn, and receives from all of them, fairly. It adds and removes no frames
// (RFC 28).
type Dealer struct {
	*socket
	*balancing
	receiving
}

// NewDealer returns a DEALER socket. The error, if any, matches ErrOption.
func NewDealer(opts ...DealerOption) (*Dealer, error) {
	c := newConfig()
	for _, o := range opts {
		o.forDealer(c)
	}
	s, err := newSocket(pattern.DEALER, c)
	if err != nil {
		return nil, err
	}
	d := &Dealer{socket: s, balancing: &balancing{s: s}, receiving: receiving{s}}
	s.rules = d.balancing
	if c.leastLoaded {
		s.recv.filter = answers{d.balancing}
	}
	return d, nil
}
