package socket

import (
	"math"

	"github.com/brokerless/brokerless/internal/queue"
)

// notices is what the application of an XPUB sees of its peers: subscriptions,
// and the messages that came between them over the wire. There is one queue of
// them for all peers, under the send lock, because their order is that in which
// the topics changed: an application that follows them knows what is
// subscribed to (PS-21).
type notices struct {
	inlet *inlet
	from  []origin // of each notice, the oldest first; guarded by the send lock
}

// An origin is whose notice it is, and how much of that peer's share it takes.
type origin struct {
	session *session
	size    int
}

func newNotices(s *socket) *notices {
	q := queue.New(&s.send.Mutex, queue.Marks{}, false, nil)
	n := &notices{inlet: &inlet{Reader: queue.NewReader(q), side: &s.recv, small: math.MaxInt}}
	s.recv.add(n.inlet)
	q.Lock()
	q.SetConsumer(n.inlet)
	q.Unlock()
	return n
}

// next returns whose the oldest notice is, which the application is about to
// receive. A peer that was held up goes on when half of its share is free. The
// caller holds the send lock.
func (n *notices) next(share queue.Marks) *session {
	o := n.from[0]
	n.from[0] = origin{}
	if n.from = n.from[1:]; len(n.from) == 0 {
		n.from = nil
	}
	x := o.session
	x.unread--
	x.unreadSize -= o.size
	if x.held && x.unread <= share.Messages/2 && x.unreadSize <= share.Bytes/2 {
		x.held = false
		x.resume()
	}
	return x
}

// show lets the application of an XPUB receive something from a peer. The
// caller holds the send lock, and gives it up with unlockSend.
func (b *publishing) show(x *session, frames ...[]byte) {
	if b.notices == nil {
		return
	}
	size := queue.WireSize(frames)
	b.notices.from = append(b.notices.from, origin{x, size})
	x.unread++
	x.unreadSize += size
	if wake := b.notices.inlet.Queue().Append(nil, frames); wake != nil {
		b.s.send.late = append(b.s.send.late, wake)
	}
}

// upstream implements subscribers.
func (b *publishing) upstream(x *session, m *queue.Raw) {
	if b.notices == nil {
		b.s.recv.lose(1, DropMalformed) // PS-07
		return
	}
	b.s.send.Lock()
	b.show(x, m.AppendFrames(nil)...)
	b.s.unlockSend()
}

// crowded implements subscribers.
func (b *publishing) crowded(x *session) bool {
	if b.notices == nil || x.mute.Load() {
		return false
	}
	b.s.send.Lock()
	defer b.s.send.Unlock()
	share := b.s.cfg.recvMarks
	x.held = share.Messages > 0 && x.unread >= share.Messages || share.Bytes > 0 && x.unreadSize >= share.Bytes
	return x.held
}

// subscriptionMessage is how the application sees a subscription (PS-20).
func subscriptionMessage(topic []byte, on bool) []byte {
	m := make([]byte, 1+len(topic))
	if on {
		m[0] = 1
	}
	copy(m[1:], topic)
	return m
}
