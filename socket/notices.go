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
	x.noticed(o.size)
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
	if x.twin == nil {
		b.s.recv.budget.Charge(size + noticeKept)
	}
	if wake := b.notices.inlet.Queue().Append(nil, frames); wake != nil {
		b.s.send.late = append(b.s.send.late, wake)
	}
}

// noticeKept is what is counted for each notice beside its octets.
const noticeKept = 32

// noticed is told that the application receives a notice of the peer. The caller
// holds the send lock.
func (x *session) noticed(size int) {
	switch b := x.pipe.s.recv.budget; {
	case x.twin != nil:
	case !x.left:
		b.Charge(-(size + noticeKept))
	case x.unread == 0:
		b.Return(size + noticeKept + queue.Keep)
	default:
		b.Return(size + noticeKept)
	}
}

// leaveNotices is told that the peer is gone. What the application has yet to
// receive of it stays. The caller holds the send lock.
func (x *session) leaveNotices() {
	x.left = true
	if b := x.pipe.s.recv.budget; x.twin == nil && x.unread > 0 {
		n := x.unreadSize + x.unread*noticeKept
		b.Leave(n + queue.Keep)
		b.Charge(-n)
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
	x.held = share.Messages > 0 && x.unread >= share.Messages || share.Bytes > 0 && x.unreadSize >= share.Bytes ||
		x.unreadSize >= queue.Share && b.s.recv.budget.Left() <= 0
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
