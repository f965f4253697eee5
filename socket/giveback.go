package socket

import (
	"context"

	"github.com/brokerless/brokerless/internal/queue"
)

// A returned message was received and given back. Its memory is not the
// socket's: whoever receives it keeps it.
type returned struct {
	m    Message
	from Peer
}

// lend is RecvInto that also tells which peer the message came from.
func (r receiving) lend(ctx context.Context, m *Message, from *Peer) error {
	_, err := r.s.receive(ctx, true, m, from)
	return err
}

// giveBack takes back a message that was received last: the next call that
// receives returns it. The frames are the socket's from then on.
func (r receiving) giveBack(m Message, from Peer) {
	side := &r.s.recv
	side.Lock()
	defer side.Unlock()
	side.flow.Delivered--
	if side.closed {
		side.flow.Dropped[DropClosed]++
		return
	}
	side.returned = append(side.returned, returned{m, from})
	side.waiters.wakeOne()
	if side.attends != nil {
		side.attends.interrupt()
	}
}

// again receives the message that was given back first. The caller holds the
// lock, which is given up.
func (r *recvSide) again(into *Message, from *Peer) Message {
	defer r.Unlock()
	first := r.returned[0]
	r.returned[0] = returned{}
	if r.returned = r.returned[1:]; len(r.returned) == 0 {
		r.returned = nil
	}
	r.flow.Delivered++
	if into != nil {
		*into = first.m
	}
	if from != nil {
		*from = first.from
	}
	if !r.waiters.empty() && (r.returned != nil || r.turn.Available() > 0) {
		r.waiters.wakeOne()
	}
	return first.m
}

// held adds what was given back to f, as queued. The caller holds the lock.
func (r *recvSide) held(f *Flow) {
	f.Queued += len(r.returned)
	for _, b := range r.returned {
		f.Bytes += queue.WireSize(b.m)
	}
}
