package socket

import "github.com/brokerless/brokerless/pattern"

// Pub sends each message to all SUB and XSUB peers that have subscribed to it
// (RFC 29). What they subscribe to is between the sockets; see XPub for a
// publisher that sees it.
type Pub struct {
	*socket
	*publishing
}

// NewPub returns a PUB socket. The error, if any, matches ErrOption.
func NewPub(opts ...PubOption) (*Pub, error) {
	c := newConfig()
	for _, o := range opts {
		o.forPub(c)
	}
	s, err := newSocket(pattern.PUB, c)
	if err != nil {
		return nil, err
	}
	p := &Pub{socket: s, publishing: &publishing{s: s}}
	s.rules = p.publishing
	s.recv.deaf = true // what subscribers send upstream in process is nobody's (PS-07)
	return p, nil
}
