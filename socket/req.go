package socket

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// Req sends a request to one of its REP or ROUTER peers, in turn, and receives
// the reply, strictly one after the other (RFC 28). Request does both.
type Req struct {
	*socket
	*balancing
	receiving
	turns chan struct{} // of capacity 1: held by the Request under way
}

// NewReq returns a REQ socket. The error, if any, matches ErrOption.
func NewReq(opts ...ReqOption) (*Req, error) {
	c := newConfig()
	for _, o := range opts {
		o.forReq(c)
	}
	s, err := newSocket(pattern.REQ, c)
	if err != nil {
		return nil, err
	}
	r := &Req{socket: s, receiving: receiving{s}, turns: make(chan struct{}, 1)}
	r.balancing = &balancing{s: s, request: &pattern.Requester[*pipe]{
		Relaxed: c.relaxed, Correlate: c.correlate, NextID: rand.Uint32(),
	}}
	s.rules = r.balancing
	s.recv.filter = r.balancing
	return r, nil
}

// Request sends a request and returns the reply. Concurrent calls take turns.
// When it fails, the request is given up, and its reply, should it still come,
// is dropped; without WithCorrelate the connection it went over is made anew
// for that, because nothing in a reply would tell it from the next one. The
// error is ctx's own, ErrClosed, ErrState if Send was called and its reply not
// received, or what Send returns.
func (r *Req) Request(ctx context.Context, frames ...[]byte) (Message, error) {
	select {
	case r.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, r.fail("request", "", ctx.Err())
	}
	defer func() { <-r.turns }()
	if err := r.balancing.send(ctx, true, frames); err != nil {
		return nil, r.requestError(err)
	}
	m, err := r.receive(ctx, true, nil, nil)
	if err != nil {
		r.abandon()
		return nil, r.requestError(err)
	}
	return m, nil
}

// requestError makes the error of a step of Request that of Request.
func (r *Req) requestError(err error) error {
	var op *OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return r.fail("request", "", err)
}

// abandon gives up the request that awaits its reply.
func (r *Req) abandon() {
	s := r.socket
	s.send.Lock()
	p, waiting := r.request.Peer()
	r.request.Abandon()
	var x *session
	if waiting && !r.request.Tagged() {
		p.purge()
		if x = p.session; x != nil {
			// The writer may be about to put back what it could not write.
			p.purging = true
			r.turn.Suspend(p)
		} else if p.draining && p.out.Depth().Messages == 0 {
			p.cancel() // nothing is left to connect for
		}
	}
	s.send.Unlock()
	if x != nil {
		x.end(errAbandoned)
	}
}

// purge forgets what is queued for p. The caller holds the send lock.
func (p *pipe) purge() {
	n, _ := p.out.Clear()
	p.lose(n, DropStale)
}

// ask is send for REQ. What came before a request is not the reply to it, so
// that is dropped first: else a reply that nobody waited for could be taken for
// the one to a later request of the same peer (RR-07). The receive lock is held
// all the while, for another request could have its reply by then.
func (b *balancing) ask(ctx context.Context, wait bool, size int, frames [][]byte) error {
	s := b.s
	for {
		s.recv.Lock()
		s.send.Lock()
		err := b.mayAsk()
		s.send.Unlock()
		if err == nil {
			s.recv.wipe(DropStale)
		}
		s.send.Lock()
		var wake queue.Waker
		if err == nil {
			wake, err = b.tryAsk(size, frames)
		}
		s.recv.Unlock()
		again := wait && errors.Is(err, ErrWouldBlock)
		switch {
		case again:
			err = s.send.waiters.wait(ctx, &s.send.Mutex)
		case err != nil:
			s.send.waiters.wakeOne() // the wake-up may have been another's
		}
		if err == nil && !again {
			s.dispatch(wake)
			return nil
		}
		s.send.Unlock()
		if err != nil {
			return s.fail("send", "", err)
		}
	}
}

// mayAsk returns the reason if no request can be sent now, whatever the peers.
func (b *balancing) mayAsk() error {
	if b.s.send.closed {
		return ErrClosed
	}
	if err := b.request.CanSend(); err != nil {
		return stateError(err)
	}
	return nil
}

// tryAsk queues a request for the next peer that has room, or returns
// ErrWouldBlock, or what mayAsk returns. The caller holds the send lock.
func (b *balancing) tryAsk(size int, frames [][]byte) (wake queue.Waker, err error) {
	if err := b.mayAsk(); err != nil {
		return nil, err
	}
	for {
		p, ok := b.turn.Next()
		if !ok {
			return nil, ErrWouldBlock
		}
		if !p.out.Fits(size) {
			b.turn.Suspend(p)
			continue
		}
		wake = p.out.Append(b.request.Envelope(), frames)
		b.request.Sent(p)
		b.turn.Advance()
		if b.turn.Available() > 0 {
			b.s.send.waiters.wakeOne()
		}
		return wake, nil
	}
}

// mayReceive implements filter.
func (b *balancing) mayReceive() error {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	if err := b.request.CanRecv(); err != nil {
		return stateError(err)
	}
	return nil
}

// accept implements filter for REQ: only the reply to the present request is
// for the application, without its envelope (RR-06 to RR-11).
func (b *balancing) accept(in *inlet, m *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	var buf [8][]byte
	frames := m.AppendFrames(buf[:0])
	body, ok := b.request.Accept(in.session.pipe, frames)
	return nil, len(frames) - len(body), DropStale, ok
}
