package socket

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// recvSide is the receiving half of a socket: a fair queue over the peers that
// have messages.
type recvSide struct {
	sync.Mutex
	closed   bool
	deaf     bool   // nothing is for the application: it is dropped as it comes (PUB)
	filter   filter // nil: everything is for the application as it is
	waiters  waitlist
	turn     pattern.Rotation[*inlet]
	budget   *queue.Budget // of all queues of peers on a wire; nil if it has no limit
	arena    queue.Arena
	loans    queue.Loans
	only     *inlet          // the one there is, if there is one
	attends  *session        // on whose connection a goroutine of the application waits
	followed <-chan struct{} // of the context that ends that wait
	forget   func() bool
	patient  bool // whoever receives now is ready to wait
	returned []returned
	flow     Flow // delivered, dropped; what was received by inlets that are no more
}

// A filter is what differs between the socket types in receiving. Its methods
// are called with the receive lock held.
type filter interface {
	// mayReceive returns the reason if a message cannot be received now at all.
	mayReceive() error
	// accept looks at a message. It returns how many leading frames the
	// application does not get and a frame that it gets in front, if not nil; or
	// the reason to drop it.
	accept(in *inlet, m *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool)
}

// An inlet is the receiving end of one connection. It outlasts the connection
// until the application has taken all its messages.
type inlet struct {
	*queue.Reader
	side     *recvSide
	session  *session // whose messages these are
	small    int      // octets on the wire up to which a message need not be held against the limits
	base     uint64   // messages that had passed the queue before
	replaced uint64   // of these, those that newer ones replaced
	gone     bool     // the connection has ended: nothing more comes
	coming   bool     // it is yet to be shown that the peer has come (WithNotify)
	received uint64   // messages received in all, once gone
}

// newInlet makes the receiving end of session, whose messages come through q.
func newInlet(x *session, q *queue.Queue) *inlet {
	in := &inlet{Reader: queue.NewReader(q), side: &x.pipe.s.recv, session: x, small: math.MaxInt}
	if c := x.pipe.s.cfg; x.twin != nil { // on a wire the decoder sees to the limits
		if c.maxMessage > 0 {
			in.small = int(min(c.maxMessage, math.MaxInt32))
		}
		if c.maxFrames > 0 {
			in.small = min(in.small, 2*c.maxFrames) // a frame takes 2 octets or more
		}
	}
	q.Lock()
	d := q.Depth()
	in.base, in.replaced = d.Left+d.Conflated, d.Conflated
	q.Unlock()
	return in
}

// passed returns how many messages have come through in, given the depth of
// its queue. Those that the sender took back from an in-process queue are not
// among them.
func (in *inlet) passed(d queue.Depth) uint64 {
	return d.Left + uint64(d.Messages) + d.Conflated - in.base
}

// Wake implements queue.Waker.
func (in *inlet) Wake() {
	r := in.side
	r.Lock()
	defer r.Unlock()
	if !r.deaf {
		r.turn.Resume(in)
		r.waiters.wakeOne()
		return
	}
	for n := in.Wipe(); n > 0; n = in.Wipe() { // until there is nothing, and the next message wakes again
		r.flow.Dropped[DropMalformed] += uint64(n)
	}
}

// flow returns how many messages have been received through in, and what is
// queued or was dropped in the queue. The caller holds the receive lock.
func (in *inlet) flow() (received uint64, f Flow) {
	var d queue.Depth
	f.Queued, f.Bytes, d = in.Unread()
	if in.gone {
		return in.received, f
	}
	f.Dropped[DropConflated] = d.Conflated - in.replaced
	return in.passed(d), f
}

// add lets the application receive from in, which in process may have
// something already.
func (r *recvSide) add(in *inlet) {
	r.Lock()
	if x := in.session; x != nil {
		in.remark(x.pipe.s.cfg.recvMarks) // they may have changed since the connection began
	}
	r.turn.Add(in)
	r.count()
	r.waiters.wakeOne()
	r.Unlock()
}

// end is told that in's connection has ended: what it has stays readable
// unless nobody reads any more. Last, unless nil, is one more message that the
// application gets of it then.
func (r *recvSide) end(in *inlet, last []byte) {
	r.Lock()
	defer r.Unlock()
	in.Seal()
	in.gone = true
	if last != nil && !r.closed {
		in.Append([][]byte{last})
	}
	if r.closed {
		r.flow.Dropped[DropClosed] += uint64(in.Wipe())
	} else if r.deaf {
		r.flow.Dropped[DropMalformed] += uint64(in.Wipe())
	}
	n, _, d := in.Unread()
	in.received = in.passed(d)
	r.flow.Dropped[DropConflated] += d.Conflated - in.replaced
	r.part(in)
	if n == 0 && !in.coming {
		r.remove(in)
		return
	}
	r.turn.Resume(in)
	r.waiters.wakeOne()
}

// remove takes out an inlet that has ended and is empty.
func (r *recvSide) remove(in *inlet) {
	r.turn.Remove(in)
	r.count()
	r.flow.Messages += in.received
}

// within holds a message of a peer in process against the socket's limits,
// which on a wire the decoder does. One that is above them is dropped, and the
// connection ends. The caller holds the lock.
func (r *recvSide) within(in *inlet, m *queue.Raw) bool {
	c := in.session.pipe.s.cfg
	size := 0
	if c.maxMessage > 0 && int64(m.Size()) > c.maxMessage {
		size = Message(m.AppendFrames(nil)).Size()
	}
	if (c.maxFrames == 0 || m.Frames() <= c.maxFrames) && int64(size) <= max(c.maxMessage, 0) {
		return true
	}
	in.session.end(fmt.Errorf("message of %d frames: %w, the limits are %d octets and %d frames",
		m.Frames(), ErrTooLarge, c.maxMessage, c.maxFrames))
	in.Done()
	r.turn.Advance()
	r.flow.Dropped[DropTooLarge]++
	return false
}

// wipe drops all that has been received. The caller holds the lock.
func (r *recvSide) wipe(why DropReason) {
	for in := range r.turn.All() {
		r.flow.Dropped[why] += uint64(in.Wipe())
	}
	r.flow.Dropped[why] += uint64(len(r.returned))
	r.returned = nil
}

// receive takes the next message. With into it is put there, reusing its
// memory. Without wait it fails rather than wait. From, if not nil, is set to
// the peer it came from.
func (s *socket) receive(ctx context.Context, wait bool, into *Message, from *Peer) (Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, s.fail("recv", "", err)
	}
	r := &s.recv
	dropped := 0
	r.Lock()
	for {
		if r.closed {
			r.Unlock()
			return nil, s.fail("recv", "", ErrClosed)
		}
		if r.filter != nil {
			if err := r.filter.mayReceive(); err != nil {
				r.waiters.wakeOne() // the wake-up may have been another's
				r.Unlock()
				return nil, s.fail("recv", "", err)
			}
		}
		if r.returned != nil {
			return r.again(into, from), nil
		}
		in, ok := r.turn.Next()
		if !ok {
			if !wait {
				r.Unlock()
				return nil, s.fail("recv", "", ErrWouldBlock)
			}
			if err := r.wait(ctx); err != nil {
				r.Unlock()
				return nil, s.fail("recv", "", err)
			}
			continue
		}
		if in.coming {
			m := r.notice(in, into, from)
			r.Unlock()
			return m, nil
		}
		r.patient = wait
		raw := in.Next()
		if raw == nil {
			r.turn.Suspend(in)
			if in.gone {
				r.remove(in)
			}
			continue
		}
		if raw.Size() > in.small && !r.within(in, raw) {
			continue
		}
		var prefix []byte
		var skip int
		if r.filter != nil {
			var why DropReason
			if prefix, skip, why, ok = r.filter.accept(in, raw); !ok {
				in.Done()
				r.turn.Advance()
				r.flow.Dropped[why]++
				if dropped++; dropped%dropsAtOnce == 0 {
					if err := r.breathe(ctx); err != nil {
						r.Unlock()
						return nil, s.fail("recv", "", err)
					}
				}
				continue
			}
		}
		var m Message
		if into != nil {
			m = r.loans.Into(raw, *into, prefix, skip)
			*into = m
		} else {
			m = r.arena.Message(raw, prefix, skip)
		}
		in.Done()
		r.turn.Advance()
		r.flow.Delivered++
		if from != nil {
			*from = in.session.peer
		}
		if !r.waiters.empty() && r.turn.Available() > 0 {
			r.waiters.wakeOne()
		}
		r.Unlock()
		return m, nil
	}
}

// dropsAtOnce is how many messages Recv drops before it looks whether it is still
// wanted: a peer may send such messages without end.
const dropsAtOnce = 256

// breathe lets others have the lock for a moment, and returns ctx's error. The
// caller holds the lock.
func (r *recvSide) breathe(ctx context.Context) error {
	r.Unlock()
	err := ctx.Err()
	r.Lock()
	if err != nil {
		r.waiters.wakeOne() // the wake-up may have been another's
	}
	return err
}

// wait waits until there may be something to receive. The caller holds the
// lock.
func (r *recvSide) wait(ctx context.Context) error {
	if x := r.attendable(); x != nil {
		return r.attend(ctx, x)
	}
	return r.waiters.wait(ctx, &r.Mutex)
}

// receiving gives a socket type its methods to receive.
type receiving struct{ s *socket }

// Recv returns the next message, waiting for one if need be. The memory is the
// caller's to keep and change; keeping one small message keeps at most 8 KiB
// beside it. Peers take turns, message by message. An error means that nothing
// was taken: ctx's own, ErrClosed, or on REQ and REP ErrState. The loss of a
// peer is never an error here; see Monitor. Safe for concurrent use.
func (r receiving) Recv(ctx context.Context) (Message, error) {
	return r.s.receive(ctx, true, nil, nil)
}

// RecvInto is Recv into *m, whose frames and their memory are used again, so
// that it does not allocate once they have grown large enough. A frame of
// 16 KiB or more may come in memory that takes the place of what *m had: if that
// came from RecvInto too, the socket uses it for other messages from then on.
// So nothing that *m pointed to may be used after the call. On an error *m is as
// it was.
func (r receiving) RecvInto(ctx context.Context, m *Message) error {
	_, err := r.s.receive(ctx, true, m, nil)
	return err
}

// TryRecv is Recv that returns ErrWouldBlock rather than wait.
func (r receiving) TryRecv() (Message, error) {
	return r.s.receive(context.Background(), false, nil, nil)
}

// RecvFrom is Recv that also tells which peer the message came from.
func (r receiving) RecvFrom(ctx context.Context) (Message, Peer, error) {
	var p Peer
	m, err := r.s.receive(ctx, true, nil, &p)
	return m, p, err
}

// Messages returns the messages as they come, until ctx is done, the socket is
// closed or the loop ends. The last pair carries the error, which is nil when
// the socket was closed: then the loop just ends.
func (r receiving) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := r.s.receive(ctx, true, nil, nil)
			if isClosed(err) {
				return
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
