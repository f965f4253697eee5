package socket

import (
	"context"
	"errors"
	"sync/atomic"
)

// A lane is one direction of a proxy. Its run is one goroutine.
type lane struct {
	p     *proxy
	in    Receiver
	own   lender // in, if it is of this package
	from  Peer   // whose message was taken last, if it is
	out   *outlet
	count tally
}

// A tally counts what has gone one way.
type tally struct {
	sent, sentBytes       atomic.Uint64
	refused, refusedBytes atomic.Uint64
	uncaptured            atomic.Uint64
}

// A lender is a receiver that uses memory again, and takes a message back for
// its next Recv.
type lender interface {
	lend(ctx context.Context, m *Message, from *Peer) error
	giveBack(m Message, from Peer)
}

// roomy is a socket that can tell whether there is room for a message. Others
// have it always, or know only with the message at hand.
type roomy interface {
	// awaitRoom waits until there is a peer with room for a message, as Send does,
	// and returns for how many messages there is room then: 1 to maxAhead. It takes
	// nothing, and others may have taken it first.
	awaitRoom(ctx context.Context) (messages int, err error)
}

// maxAhead is after how many messages a proxy asks for room again. It saves a
// lock for each.
const maxAhead = 128

// newLane returns the lane from one end to another, or nil if nothing can go there.
func newLane(p *proxy, from, to ProxySocket) *lane {
	in, ok := from.(Receiver)
	out := newOutlet(to)
	if !ok || out == nil {
		return nil
	}
	w := &lane{p: p, in: in, out: out}
	if own(from) != nil {
		w.own, _ = in.(lender)
	}
	return w
}

// run forwards until ctx is done, with nil, or until it fails.
func (w *lane) run(ctx context.Context) error {
	for {
		flow, err := w.p.steering.flowing(ctx)
		if err != nil {
			return err
		}
		err = w.forward(ctx, flow)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case flow.Err() == nil:
			return err
		}
	}
}

// forward forwards until flow is done or an end fails; what it has received by
// then it sends, if it can before ctx is done.
func (w *lane) forward(ctx, flow context.Context) error {
	var m Message
	for room := 0; ; room-- {
		if w.out.roomy != nil && room == 0 {
			var err error
			if room, err = w.out.roomy.awaitRoom(flow); err != nil {
				return err
			}
		}
		if err := w.take(flow, &m); err != nil {
			return err
		}
		if err := w.pass(ctx, m); err != nil {
			return err
		}
	}
}

// take receives the next message.
func (w *lane) take(flow context.Context, m *Message) (err error) {
	if w.own != nil {
		return w.own.lend(flow, m, &w.from)
	}
	if err := flow.Err(); err != nil { // it may not look
		return err
	}
	*m, err = w.in.Recv(flow)
	return err
}

// pass sends a message that has been received, or gives it back.
func (w *lane) pass(ctx context.Context, m Message) error {
	err := w.out.send(ctx, m)
	if err != nil && w.own == nil && ctx.Err() != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		err = w.out.send(last, m)
		cancel()
	}
	size := uint64(m.Size())
	switch {
	case err == nil:
		w.count.sent.Add(1)
		w.count.sentBytes.Add(size)
	case refused(err):
		w.count.refused.Add(1)
		w.count.refusedBytes.Add(size)
	case w.own != nil:
		w.own.giveBack(m.Clone(), w.from)
		return err
	default:
		w.count.refused.Add(1)
		w.count.refusedBytes.Add(size)
		return err
	}
	w.copy(ctx, m)
	return nil
}

// refused reports whether err says that a socket does not send a message,
// whatever its peers do.
func refused(err error) bool {
	return errors.Is(err, ErrNoRoute) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrMessage) || errors.Is(err, ErrState)
}

// copy gives the capture socket its copy.
func (w *lane) copy(ctx context.Context, m Message) {
	c := w.p.copies
	if c == nil {
		return
	}
	var err error
	if w.p.lossy && c.try != nil {
		err = c.try.TrySend(m...)
	} else {
		err = c.send(ctx, m)
	}
	if err != nil {
		w.count.uncaptured.Add(1)
	}
}

// An outlet is an end that messages go out of.
type outlet struct {
	Sender
	try   trySender // the same, if it can tell that it would wait
	roomy roomy     // the same, if it can tell before
}

// trySender is a sender that need not wait.
type trySender interface{ TrySend(frames ...[]byte) error }

// newOutlet returns the sending side of an end, or nil if it has none.
func newOutlet(end ProxySocket) *outlet {
	s, ok := end.(Sender)
	if !ok {
		return nil
	}
	o := &outlet{Sender: s}
	if own(end) != nil {
		o.try, _ = s.(trySender)
		o.roomy, _ = s.(roomy)
	}
	return o
}

// send sends m, and waits for room until ctx is done.
func (o *outlet) send(ctx context.Context, m Message) error {
	if o.try != nil {
		if err := o.try.TrySend(m...); !errors.Is(err, ErrWouldBlock) {
			return err
		}
	}
	return o.Send(ctx, m...)
}

// awaitRoom implements roomy. Who waits too, for the same room, is woken.
func (b *balancing) awaitRoom(ctx context.Context) (messages int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s := b.s
	s.send.Lock()
	defer s.send.Unlock()
	for {
		if s.send.closed {
			return 0, s.fail("send", "", ErrClosed)
		}
		p, ok := b.next()
		switch {
		case !ok:
			if err := s.send.waiters.wait(ctx, &s.send.Mutex); err != nil {
				return 0, err
			}
		case !p.out.Fits(1):
			b.turn.Suspend(p)
		default:
			s.send.waiters.wakeOne()
			if s.cfg.leastLoaded {
				return 1, nil
			}
			for p := range b.turn.All() {
				messages += p.out.Room(maxAhead - messages)
			}
			return max(1, messages), nil
		}
	}
}
