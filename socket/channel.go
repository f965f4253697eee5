package socket

import "github.com/brokerless/brokerless/pattern"

// Channel talks to exactly one CHANNEL peer, both ways (RFC 52). It is PAIR for
// messages of one frame.
type Channel struct {
	*socket
	*pairing
	receiving
}

// NewChannel returns a CHANNEL socket. The error, if any, matches ErrOption.
func NewChannel(opts ...ChannelOption) (*Channel, error) {
	c := newConfig()
	for _, o := range opts {
		o.forChannel(c)
	}
	s, err := newSingle(pattern.CHANNEL, c)
	if err != nil {
		return nil, err
	}
	x := &Channel{socket: s, pairing: &pairing{balancing{s: s}}, receiving: receiving{s}}
	s.rules = x.pairing
	return x, nil
}
