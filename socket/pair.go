package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/pattern"
)

// Pair talks to exactly one PAIR peer, both ways (RFC 31). While it has one,
// others are refused (EX-01); an endpoint that was connected counts as one.
type Pair struct {
	*socket
	*pairing
	receiving
}

// NewPair returns a PAIR socket. The error, if any, matches ErrOption.
func NewPair(opts ...PairOption) (*Pair, error) {
	c := newConfig()
	for _, o := range opts {
		o.forPair(c)
	}
	s, err := newSocket(pattern.PAIR, c)
	if err != nil {
		return nil, err
	}
	p := &Pair{socket: s, pairing: &pairing{balancing{s: s}}, receiving: receiving{s}}
	s.rules = p.pairing
	return p, nil
}

// pairing is balancing over one peer at most: PAIR and CHANNEL.
type pairing struct{ balancing }

func (b *pairing) open(p *pipe) {
	if b.turn.Len() == 0 {
		b.balancing.open(p)
	}
}

func (b *pairing) attach(x *session) error {
	for p := range b.turn.All() {
		if p != x.pipe {
			return fmt.Errorf("%w: a %s has one peer, and this one has %s", ErrProtocol, b.s.kind, p.endpoint)
		}
	}
	if b.turn.Len() == 0 {
		b.join(x.pipe)
	}
	return nil
}
