package socket

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/brokerless/brokerless/pattern"
)

// RoutingID returns the number by which a SERVER or PEER knows a peer, which is
// never 0 (CS-02). An identity that a peer announced is no number: that gives 0.
func (id PeerID) RoutingID() uint32 {
	if len(id) != 5 || id[0] != 0 {
		return 0
	}
	return binary.BigEndian.Uint32([]byte(id[1:]))
}

// RoutingID returns the id of the peer that has this number.
func RoutingID(n uint32) PeerID {
	return PeerID(binary.BigEndian.AppendUint32([]byte{0}, n))
}

// numbering gives SERVER and PEER their rules and their methods to send.
type numbering struct {
	s *socket
	// Those that may be sent to, guarded by the send lock: peers that Connect named
	// from then on and without WithImmediate, others while they are connected.
	routes *pattern.Routes[*pipe]
}

func newNumbering(s *socket) *numbering {
	return &numbering{s: s, routes: pattern.NewRoutes[*pipe](rand.Uint32())}
}

// SendTo queues a message of one frame for the peer that has this id, and waits
// while the peer's queue is full; nothing is ever dropped for want of room (CS-04,
// PE-03). The frame is copied before SendTo returns. If no peer has the id, or has
// it no more, the error is ErrNoRoute. Other errors are ctx's own, ErrClosed,
// ErrTooLarge, and ErrMessage for anything but one frame (TS-02). Safe for
// concurrent use.
func (b *numbering) SendTo(ctx context.Context, id PeerID, frames ...[]byte) error {
	return b.send(ctx, true, id, frames)
}

// TrySendTo is SendTo that returns ErrWouldBlock rather than wait.
func (b *numbering) TrySendTo(id PeerID, frames ...[]byte) error {
	return b.send(context.Background(), false, id, frames)
}

func (b *numbering) send(ctx context.Context, wait bool, id PeerID, frames [][]byte) error {
	s := b.s
	size, err := s.check(ctx, frames)
	if err != nil {
		return s.fail("send", "", err)
	}
	s.send.Lock()
	for {
		if s.send.closed {
			s.send.Unlock()
			return s.fail("send", "", ErrClosed)
		}
		p, ok := b.routes.Lookup([]byte(id))
		if !ok {
			s.send.Unlock()
			return s.fail("send", "", noRoute(id))
		}
		if p.out.Fits(size) {
			wake := p.out.Append(nil, frames)
			s.dispatch(wake)
			return nil
		}
		if err := s.await(ctx, wait); err != nil {
			s.send.Unlock()
			return s.fail("send", "", err)
		}
	}
}

func noRoute(id PeerID) error {
	if n := id.RoutingID(); n != 0 {
		return fmt.Errorf("%w: %d", ErrNoRoute, n)
	}
	return fmt.Errorf("%w: %q", ErrNoRoute, string(id))
}

// RecvFromInto is RecvInto that also tells which peer the message came from.
func (b *numbering) RecvFromInto(ctx context.Context, m *Message) (Peer, error) {
	var p Peer
	_, err := b.s.receive(ctx, true, m, &p)
	return p, err
}

// TryRecvFrom is RecvFrom that returns ErrWouldBlock rather than wait.
func (b *numbering) TryRecvFrom() (Message, Peer, error) {
	var p Peer
	m, err := b.s.receive(context.Background(), false, nil, &p)
	return m, p, err
}

// enter gives p its number, unless it has one.
func (b *numbering) enter(p *pipe) error {
	if b.routes.ID(p) != "" {
		return nil
	}
	id, err := b.routes.Add(nil, p)
	p.number = id
	return err
}

func (b *numbering) open(p *pipe) {
	if !b.s.cfg.immediate {
		_ = b.enter(p) // the pipe is new
	}
}

// attach has the peer go by the number of its pipe, whatever it has announced.
func (b *numbering) attach(x *session) error { return b.enter(x.pipe) }

func (b *numbering) detach(x *session) {
	if p := x.pipe; !p.dialed || b.s.cfg.immediate {
		b.drop(p)
		p.forfeit()
	}
}

// drop ends the route to a peer, and the wait of those who want to send to it.
func (b *numbering) drop(p *pipe) {
	b.routes.Remove(p)
	b.s.send.waiters.wakeAll()
}

func (b *numbering) room(*pipe) { b.s.send.waiters.wakeAll() }
