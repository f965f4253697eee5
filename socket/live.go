package socket

import (
	"fmt"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
)

// What can be changed while a socket is at work (OP-01). Every change holds at
// once, for the connections that are there too; one that makes no sense is
// refused, and leaves what was (OP-02). All are safe for concurrent use.

// SetLinger changes WithLinger, for the Close, Disconnect or Unbind that comes.
func (s *socket) SetLinger(d time.Duration) {
	s.mu.Lock()
	s.cfg.linger = d
	s.mu.Unlock()
}

// SetSendHWM changes WithSendHWM. A Send that waits for room looks again; what
// is queued above a lower mark stays. The error matches ErrOption.
func (b *balancing) SetSendHWM(messages int) error { return b.s.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (b *balancing) SetSendHWMBytes(octets int) error { return b.s.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM. A Send that waits for room looks again; what
// is queued above a lower mark stays. The error matches ErrOption.
func (b *publishing) SetSendHWM(messages int) error { return b.s.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (b *publishing) SetSendHWMBytes(octets int) error { return b.s.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM. A Send that waits for room looks again; what
// is queued above a lower mark stays. The error matches ErrOption.
func (b *routing) SetSendHWM(messages int) error { return b.s.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (b *routing) SetSendHWMBytes(octets int) error { return b.s.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM; what is queued above a lower mark stays. The
// error matches ErrOption.
func (b *replying) SetSendHWM(messages int) error { return b.s.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (b *replying) SetSendHWMBytes(octets int) error { return b.s.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM; what is queued above a lower mark stays. The
// error matches ErrOption.
func (x *XSub) SetSendHWM(messages int) error { return x.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (x *XSub) SetSendHWMBytes(octets int) error { return x.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM. A Send that waits for room looks again; what
// is queued above a lower mark stays. The error matches ErrOption.
func (b *numbering) SetSendHWM(messages int) error { return b.s.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (b *numbering) SetSendHWMBytes(octets int) error { return b.s.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM; what is queued above a lower mark stays. The
// error matches ErrOption.
func (b *radiating) SetSendHWM(messages int) error { return b.s.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (b *radiating) SetSendHWMBytes(octets int) error { return b.s.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM. A Send that waits for room looks again; what
// is queued above a lower mark stays. The error matches ErrOption.
func (b *addressing) SetSendHWM(messages int) error { return b.s.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (b *addressing) SetSendHWMBytes(octets int) error { return b.s.setSendHWMBytes(octets) }

// SetSendHWM changes WithSendHWM. A Send that waits for room looks again; what
// is queued above a lower mark stays. The error matches ErrOption.
func (x *Stream) SetSendHWM(messages int) error { return x.setSendHWM(messages) }

// SetSendHWMBytes changes WithSendHWMBytes, as SetSendHWM does.
func (x *Stream) SetSendHWMBytes(octets int) error { return x.setSendHWMBytes(octets) }

// SetRecvHWM changes WithRecvHWM. Peers that were held up are read from at once
// if they are below the new mark; what is queued above a lower one stays. The
// error matches ErrOption.
func (r receiving) SetRecvHWM(messages int) error {
	if messages < 0 {
		return r.s.refuseOption("SetRecvHWM(%d): want 0 for no mark, or messages", messages)
	}
	r.s.setRecvMarks(func(m *queue.Marks) { m.Messages = messages })
	return nil
}

// SetRecvHWMBytes changes WithRecvHWMBytes, as SetRecvHWM does.
func (r receiving) SetRecvHWMBytes(octets int) error {
	if octets < 0 {
		return r.s.refuseOption("SetRecvHWMBytes(%d): want 0 for no mark, or octets", octets)
	}
	r.s.setRecvMarks(func(m *queue.Marks) { m.Bytes = octets })
	return nil
}

func (s *socket) setSendHWM(messages int) error {
	if messages < 0 {
		return s.refuseOption("SetSendHWM(%d): want 0 for no mark, or messages", messages)
	}
	s.setSendMarks(func(m *queue.Marks) { m.Messages = messages })
	return nil
}

func (s *socket) setSendHWMBytes(octets int) error {
	if octets < 0 {
		return s.refuseOption("SetSendHWMBytes(%d): want 0 for no mark, or octets", octets)
	}
	s.setSendMarks(func(m *queue.Marks) { m.Bytes = octets })
	return nil
}

func (s *socket) refuseOption(format string, args ...any) error {
	return s.fail("set", "", fmt.Errorf("%w: %s", ErrOption, fmt.Sprintf(format, args...)))
}

// setSendMarks changes the marks of all outgoing queues, which tell whoever
// waits for room if they have some now.
func (s *socket) setSendMarks(change func(*queue.Marks)) {
	s.send.Lock()
	defer s.unlockSend()
	change(&s.cfg.sendMarks)
	for p := range s.send.pipes {
		p.out.SetMarks(p.marks())
	}
}

// setRecvMarks changes the marks of all incoming queues. A reader that is held up
// looks again.
func (s *socket) setRecvMarks(change func(*queue.Marks)) {
	s.recv.Lock()
	defer s.recv.Unlock()
	s.send.Lock()
	change(&s.cfg.recvMarks)
	for p := range s.send.pipes {
		if x := p.session; x != nil && x.held { // by its notices; the reader finds out whether it still is
			x.held = false
			x.resume()
		}
	}
	s.unlockSend()
	for in := range s.recv.turn.All() {
		in.remark(s.cfg.recvMarks)
	}
}

// remark gives the queue that in reads from the receiving side's marks. The
// caller holds the receive lock.
func (in *inlet) remark(m queue.Marks) {
	x := in.session
	if x == nil || x.inlet != in || in.Sealed() { // the notices of an XPUB have no marks; a sealed inlet has no queue
		return
	}
	q := in.Queue()
	q.Lock()
	defer q.Unlock()
	was := q.Full()
	x.remark(q, m)
	if was && !q.Full() {
		x.parked = false // the application may leave the queue as full as it is
		x.resume()
	}
}

// remark gives q, the queue of what x receives, the receiving side's marks. In
// process it is the other side's, which has marks of its own (HW-02). The caller
// holds the receive lock and q's.
func (x *session) remark(q *queue.Queue, m queue.Marks) {
	switch {
	case x.twin != nil:
		p := x.twin.pipe
		p.shared, p.far = true, m
		q.SetMarks(p.marks())
	case !q.Exempted():
		q.SetMarks(m)
	}
}
