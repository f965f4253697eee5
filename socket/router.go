package socket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// Router sends each message to the peer it names, and receives from all of
// them, fairly (RFC 28). The first frame of a message is the peer's identity:
// Recv puts it there, Send takes it off. Its peers are REQ, DEALER and ROUTER.
type Router struct {
	*socket
	*routing
	receiving
}

// NewRouter returns a ROUTER socket. The error, if any, matches ErrOption.
func NewRouter(opts ...RouterOption) (*Router, error) {
	c := newConfig()
	for _, o := range opts {
		o.forRouter(c)
	}
	s, err := newSocket(pattern.ROUTER, c)
	if err != nil {
		return nil, err
	}
	r := &Router{socket: s, receiving: receiving{s}}
	r.routing = &routing{s: s, routes: pattern.NewRoutes[*session](rand.Uint32())}
	s.rules = r.routing
	s.recv.filter = r.routing
	return r, nil
}

// routing gives ROUTER its rules and its methods to send.
type routing struct {
	s      *socket
	routes *pattern.Routes[*session] // guarded by the send lock
	named  map[PeerID]*pipe          // by ConnectAs, whether connected or not; guarded by the send lock
}

// Send sends a message to the peer whose identity is the first frame, which is
// not sent (RR-41). If no connected peer has it the error is ErrNoRoute, or
// with WithSilentDrop the message is dropped and counted. If the peer's queue
// is full the message is dropped and counted, or with WithMandatory Send waits
// (RR-42). A message of only the identity goes nowhere (RR-48). The frames are
// copied before Send returns. Other errors are ctx's own, ErrClosed,
// ErrTooLarge and ErrMessage. Safe for concurrent use.
func (b *routing) Send(ctx context.Context, frames ...[]byte) error {
	if len(frames) == 0 {
		return b.s.fail("send", "", fmt.Errorf("%w: without frames", ErrMessage))
	}
	return b.send(ctx, true, frames[0], frames[1:])
}

// TrySend is Send that returns ErrWouldBlock rather than wait.
func (b *routing) TrySend(frames ...[]byte) error {
	if len(frames) == 0 {
		return b.s.fail("send", "", fmt.Errorf("%w: without frames", ErrMessage))
	}
	return b.send(context.Background(), false, frames[0], frames[1:])
}

// SendTo is Send to a peer that is named apart from the frames.
func (b *routing) SendTo(ctx context.Context, id PeerID, frames ...[]byte) error {
	return b.send(ctx, true, []byte(id), frames)
}

func (b *routing) send(ctx context.Context, wait bool, id []byte, frames [][]byte) error {
	s := b.s
	size := 0
	var err error
	if len(frames) > 0 {
		size, err = s.check(ctx, frames)
	} else {
		err = ctx.Err()
	}
	if err != nil {
		return s.fail("send", "", err)
	}
	s.send.Lock()
	for {
		if s.send.closed {
			s.send.Unlock()
			return s.fail("send", "", ErrClosed)
		}
		p, ok := b.to(id)
		if !ok {
			if s.cfg.silent {
				s.send.drops[DropNoRoute]++
				s.send.Unlock()
				return nil
			}
			s.send.Unlock()
			return s.fail("send", "", fmt.Errorf("%w: %q", ErrNoRoute, id))
		}
		if len(frames) == 0 {
			s.send.Unlock()
			return nil
		}
		if p.out.Fits(size) {
			wake := p.out.Append(nil, frames)
			s.dispatch(wake)
			return nil
		}
		if !s.cfg.mandatory {
			p.lose(1, DropFull)
			s.send.Unlock()
			return nil
		}
		if err := s.await(ctx, wait); err != nil {
			s.send.Unlock()
			return s.fail("send", "", err)
		}
	}
}

func (b *routing) open(*pipe) {}

// attach gives the peer its identity, and refuses one that is taken (RR-44)
// unless it may be handed over (RR-45).
func (b *routing) attach(x *session) error {
	announced := []byte(x.peer.ID)
	if p := b.named[x.peer.ID]; p != nil && p != x.pipe {
		return fmt.Errorf("%w: identity %q is that of %s here", ErrProtocol, announced, p.endpoint)
	}
	if x.pipe.name != "" {
		announced = []byte(x.pipe.name)
	}
	id, err := b.routes.Add(announced, x)
	if errors.Is(err, pattern.ErrTaken) {
		holder, _ := b.routes.Lookup(announced)
		if !b.s.cfg.handover {
			return fmt.Errorf("%w: identity %q of %s is taken by %s", ErrProtocol, announced, x.peer.RemoteAddr, holder.peer.RemoteAddr)
		}
		b.routes.Replace(announced, x)
		x.ousted = holder
		id, err = string(announced), nil
	}
	if err != nil {
		return &peerError{ErrProtocol, err}
	}
	x.peer.ID = PeerID(id)
	return nil
}

func (b *routing) detach(x *session) {
	b.forget(x)
	if x.pipe.name == "" || b.s.bare {
		x.pipe.forfeit() // it was for this peer, not for the next one at the endpoint
	}
}

func (b *routing) drop(p *pipe) {
	if b.named[p.name] == p {
		delete(b.named, p.name)
		b.s.send.waiters.wakeAll()
	}
	if p.session != nil {
		b.forget(p.session)
	}
}

// forget ends the route to a peer, and the wait of those who want to send to it.
func (b *routing) forget(x *session) {
	b.routes.Remove(x)
	b.s.send.waiters.wakeAll()
}

func (b *routing) room(*pipe) { b.s.send.waiters.wakeAll() }

// mayReceive implements filter.
func (b *routing) mayReceive() error { return nil }

// accept implements filter: the identity goes in front (RR-40).
func (b *routing) accept(in *inlet, _ *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	return in.session.id, 0, 0, true
}
