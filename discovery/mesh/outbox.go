package mesh

import (
	"errors"

	"github.com/brokerless/brokerless/socket"
)

// What waits for a peer whose queue in the socket is full. More is dropped and
// counted: a peer that takes neither a thousand messages nor these is lost.
const (
	maxBacklog       = 1000
	maxBacklogWeight = 16 << 20
)

// parcel is a message that waits for room.
type parcel struct {
	kind   kind
	frames [][]byte
	weight int
}

func pack(l *link, h header, body [][]byte) parcel {
	p := parcel{kind: h.kind, frames: make([][]byte, 0, 2+len(body))}
	p.frames = append(p.frames, []byte(l.id.String()), h.encode())
	p.frames = append(p.frames, body...)
	for _, f := range p.frames {
		p.weight += len(f)
	}
	return p
}

// control sends a small message of the mesh's own without waiting: what the
// socket has no room for goes to the link's backlog, so that a peer that does not
// read holds up nobody, the receiving goroutine least of all. The caller holds
// mu.
func (n *Node) control(l *link, h header, body ...[]byte) {
	if !l.ended.IsZero() {
		return
	}
	p := pack(l, h, body)
	if len(l.backlog) == 0 {
		if err := n.router.TrySend(p.frames...); !errors.Is(err, socket.ErrWouldBlock) {
			return // sent; or there is nobody to send it to
		}
	}
	n.postpone(l, p)
}

// answer is control of an answer, which may be large: it is not copied under
// the lock, which the caller does not hold. The frames are not to be changed
// any more.
func (n *Node) answer(l *link, h header, body ...[]byte) {
	n.mu.Lock()
	ended, waits := !l.ended.IsZero(), len(l.backlog) > 0
	n.mu.Unlock()
	if ended {
		return
	}
	p := pack(l, h, body)
	if !waits {
		switch err := n.router.TrySend(p.frames...); {
		case errors.Is(err, socket.ErrTooLarge), errors.Is(err, socket.ErrMessage):
			h.kind, h.code, h.text = kindFail, uint64(CodeFailed), err.Error()
			n.answer(l, h)
			return
		case !errors.Is(err, socket.ErrWouldBlock):
			return
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.postpone(l, p)
}

// postpone puts p into the backlog, if there is room. The caller holds mu.
func (n *Node) postpone(l *link, p parcel) {
	if !l.ended.IsZero() || n.closed {
		return
	}
	if p.kind == kindState { // only the newest matters
		for i, q := range l.backlog {
			if q.kind == kindState && i > 0 { // the first may be on its way
				l.weight += p.weight - q.weight
				l.backlog[i] = p
				return
			}
		}
	}
	if len(l.backlog) >= maxBacklog || len(l.backlog) > 0 && l.weight+p.weight > maxBacklogWeight {
		n.stats.Overflowed++
		return
	}
	l.backlog = append(l.backlog, p)
	l.weight += p.weight
	if !l.posting {
		l.posting = true
		n.wg.Go(func() { n.post(l) })
	}
}

// post sends the backlog of a link until it is empty or the link has ended.
func (n *Node) post(l *link) {
	for {
		n.mu.Lock()
		if len(l.backlog) == 0 {
			l.posting = false
			l.backlog = nil
			n.somethingChanged()
			n.mu.Unlock()
			return
		}
		p := l.backlog[0]
		n.mu.Unlock()
		err := n.router.SendTo(n.ctx, socket.PeerID(p.frames[0]), p.frames[1:]...)
		n.mu.Lock()
		switch {
		case err != nil:
			l.backlog, l.weight = nil, 0
		case len(l.backlog) > 0: // it is emptied when the link ends
			l.backlog[0] = parcel{}
			l.backlog = l.backlog[1:]
			l.weight -= p.weight
		}
		n.mu.Unlock()
	}
}
