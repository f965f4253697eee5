package socket

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// balancing gives a socket type that sends each message to one of its peers,
// in turn, its rules and its methods to send: PUSH, DEALER and REQ, CLIENT and
// SCATTER.
type balancing struct {
	s       *socket
	turn    pattern.Rotation[*pipe] // guarded by the send lock
	request *pattern.Requester[*pipe]
}

// Send queues a message for the next peer that has room, and waits while none
// has (PP-03, RR-33). A peer that Connect named counts from then on, connected
// or not, unless WithImmediate is set. The frames are copied before Send
// returns. An error means that nothing was queued: ctx's own, ErrClosed,
// ErrTooLarge, or ErrMessage, which is also for more than one frame where a
// message has one: CLIENT, SCATTER and CHANNEL (TS-02). Safe for concurrent use.
func (b *balancing) Send(ctx context.Context, frames ...[]byte) error {
	return b.send(ctx, true, frames)
}

// TrySend is Send that returns ErrWouldBlock rather than wait.
func (b *balancing) TrySend(frames ...[]byte) error {
	return b.send(context.Background(), false, frames)
}

func (b *balancing) send(ctx context.Context, wait bool, frames [][]byte) error {
	s := b.s
	size, err := s.check(ctx, frames)
	if err != nil {
		return s.fail("send", "", err)
	}
	if b.request != nil {
		return b.ask(ctx, wait, size, frames)
	}
	s.send.Lock()
	for {
		if s.send.closed {
			s.send.Unlock()
			return s.fail("send", "", ErrClosed)
		}
		p, ok := b.next()
		if !ok {
			if err := s.await(ctx, wait); err != nil {
				s.send.Unlock()
				return s.fail("send", "", err)
			}
			continue
		}
		if !p.out.Fits(size) {
			b.turn.Suspend(p)
			continue
		}
		wake := p.out.Append(nil, frames)
		b.turn.Advance()
		if !s.send.waiters.empty() && b.turn.Available() > 0 {
			s.send.waiters.wakeOne()
		}
		s.dispatch(wake)
		return nil
	}
}

// await waits until a Send that could not go on should look again, or returns
// ErrWouldBlock if it is not to wait. The caller holds the send lock.
func (s *socket) await(ctx context.Context, wait bool) error {
	if !wait {
		return ErrWouldBlock
	}
	return s.send.waiters.wait(ctx, &s.send.Mutex)
}

// check looks at what was given to Send before anything is queued, and returns
// the octets it takes on the wire.
func (s *socket) check(ctx context.Context, frames [][]byte) (size int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(frames) == 0 {
		return 0, fmt.Errorf("%w: without frames", ErrMessage)
	}
	size = queue.WireSize(frames)
	c := s.cfg
	if c.maxFrames > 0 && len(frames) > c.maxFrames {
		return 0, fmt.Errorf("message of %d frames: %w, the limit is %d", len(frames), ErrTooLarge, c.maxFrames)
	}
	if c.maxMessage > 0 && int64(size) > c.maxMessage {
		if n := int64(Message(frames).Size()); n > c.maxMessage {
			return 0, fmt.Errorf("message of %d octets: %w, the limit is %d", n, ErrTooLarge, c.maxMessage)
		}
	}
	if len(frames) > 1 && c.conflate {
		return 0, fmt.Errorf("%w: %d frames, a conflating socket sends one", ErrMessage, len(frames))
	}
	if len(frames) > 1 && c.single {
		return 0, fmt.Errorf("%w: %d frames, a %s sends one", ErrMessage, len(frames), s.kind) // TS-02
	}
	return size, nil
}

// join lets p take part in the turns.
func (b *balancing) join(p *pipe) {
	b.turn.Add(p)
	b.s.send.waiters.wakeOne()
}

func (b *balancing) open(p *pipe) {
	if !b.s.cfg.immediate {
		b.join(p)
	}
}

func (b *balancing) attach(x *session) error {
	b.weigh(x)
	switch p := x.pipe; {
	case !p.dialed || b.s.cfg.immediate:
		b.join(p)
	case b.s.cfg.leastLoaded:
		b.s.send.waiters.wakeOne() // while others were connected, it did not count
	}
	return nil
}

func (b *balancing) detach(x *session) {
	p := x.pipe
	if p.purging {
		p.purge()
		p.purging = false
		b.room(p)
	}
	if !p.dialed || b.s.cfg.immediate {
		b.turn.Remove(p)
	}
	if b.s.cfg.leastLoaded {
		b.s.send.waiters.wakeAll() // if it was the last, those that are not connected count
	}
}

func (b *balancing) drop(p *pipe) { b.turn.Remove(p) }

func (b *balancing) room(p *pipe) {
	if p.purging {
		return // what is queued now would be forgotten; detach comes back to it
	}
	b.turn.Resume(p)
	b.s.send.waiters.wakeOne()
}

// probe queues the empty message of WithProbe for a new peer. The consumer it
// returns, unless nil, is to be woken once the send lock is given up.
func (s *socket) probe(x *session) queue.Waker {
	if s.cfg.probe && x.pipe.out.Fits(2) {
		x.pipe.unasked(1)
		return x.pipe.out.Append(nil, [][]byte{nil})
	}
	return nil
}

// stateError makes the pattern's error for a call out of turn match ErrState.
func stateError(err error) error { return &peerError{ErrState, err} }
