package socket

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// A peer's load is what it has been sent and is not known to be done with: what
// is queued for it, and what has left the queue and was not answered. To a DEALER
// the answers are the peer's messages. To a PUSH nobody answers; so it puts a PING
// behind what it writes, one at a time, whose PONG says that the peer has read
// all that stood before it.

// unconnected is what a pipe without a peer costs more than any with one.
const unconnected = 1 << 30

// load returns the load of p's peer. The caller holds the send lock.
func (p *pipe) load() int {
	d := p.out.Depth()
	if p.session == nil || !p.answers {
		return d.Messages
	}
	return d.Messages + int(d.Left) - int(p.answered)
}

// cost orders the pipes for the next message.
func cost(p *pipe) int {
	if p.session == nil {
		return unconnected + p.load()
	}
	return p.load()
}

// next returns the pipe for the next message, or false if none can take one now.
// The caller holds the send lock.
func (b *balancing) next() (*pipe, bool) {
	c := b.s.cfg
	if !c.leastLoaded {
		return b.turn.Next()
	}
	p, ok := b.turn.Pick(cost)
	switch {
	case !ok, c.maxLoad > 0 && p.answers && p.load() >= c.maxLoad:
		return nil, false
	case p.session == nil && b.connected():
		return nil, false // those who are busy are done sooner
	}
	return p, true
}

// connected reports whether any peer is.
func (b *balancing) connected() bool {
	for p := range b.turn.All() {
		if p.session != nil {
			return true
		}
	}
	return false
}

// weigh begins to count what the peer of a new connection is sent. The caller
// holds the send lock.
func (b *balancing) weigh(x *session) {
	c, p := b.s.cfg, x.pipe
	x.pings = c.leastLoaded && !c.replies && x.twin == nil && x.minor >= 1
	p.answers = c.leastLoaded && c.replies || x.pings
	p.answered = p.out.Depth().Left
}

// unasked notes that n messages for p are none that the application has sent, so
// that nobody answers them. The caller holds the send lock.
func (p *pipe) unasked(n int) {
	if p.answers {
		p.answered += uint64(n)
	}
}

// answer notes that p's peer is done with all messages before the n-th that p
// was ever given. The caller holds the send lock.
func (b *balancing) answer(p *pipe, n uint64) {
	d := p.out.Depth()
	p.answered = min(n, d.Left+uint64(d.Messages))
	if most := b.s.cfg.maxLoad; most > 0 && p.load() < most {
		b.s.send.waiters.wakeOne()
	}
}

// appendBarrier appends the PING behind what is being written, all that the
// queue has had, if there is anything new and no other PING is under way. The
// caller holds the send lock.
func (x *session) appendBarrier(dst []byte) []byte {
	if !x.pings || x.barrier != 0 {
		return dst
	}
	d := x.pipe.out.Depth()
	n := d.Left + uint64(d.Messages)
	if n == x.pipe.answered {
		return dst
	}
	x.barrier = n
	var ttl time.Duration
	if c := x.pipe.s.cfg; c.heartbeat > 0 {
		ttl = c.heartbeatTTL
	}
	return zmtp.AppendPing(dst, ttl, binary.BigEndian.AppendUint64(nil, n))
}

// ponged is told of a PONG of the peer.
func (x *session) ponged(context []byte) {
	if !x.pings { // it is of a heartbeat
		return
	}
	s := x.pipe.s
	s.send.Lock()
	defer s.send.Unlock()
	if x.barrier == 0 || !bytes.Equal(context, binary.BigEndian.AppendUint64(nil, x.barrier)) {
		return // of a heartbeat
	}
	if b, ok := s.rules.(interface{ answer(p *pipe, n uint64) }); ok && x.pipe.session == x {
		b.answer(x.pipe, x.barrier)
	}
	x.barrier = 0
	if x.pipe.out.Depth().Left > x.pipe.answered {
		x.Wake() // more has been written behind it
	}
}

// answers is the filter of a socket whose peers answer: each message that is
// received takes one off its peer's load.
type answers struct{ *balancing }

// mayReceive implements filter.
func (answers) mayReceive() error { return nil }

// accept implements filter. A CLIENT drops what has several frames, as single
// does; an answer it is all the same.
func (a answers) accept(in *inlet, m *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	a.s.send.Lock()
	defer a.s.send.Unlock()
	if p := in.session.pipe; p.session == in.session {
		a.answer(p, p.answered+1)
	}
	return nil, 0, DropMalformed, !a.s.cfg.single || m.Frames() == 1
}
