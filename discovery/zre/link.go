package zre

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// A link is the DEALER of one peer, only ever sent by (ZR-03), and what waits to
// be sent. Its queue is guarded by the node's lock.
type link struct {
	id      discovery.ID
	dealer  *socket.Dealer
	ctx     context.Context // done when the peer is gone
	cancel  context.CancelFunc
	max     int
	queue   []parcel
	size    int
	closing bool          // nothing more comes
	wake    chan struct{} // of capacity 1: the writer has something to do
	room    chan struct{} // closed when there may be room again, and then made anew; nil if nobody waits
}

// A parcel is a message that waits to be sent.
type parcel struct {
	message message
	content [][]byte
	size    int
}

const (
	maxOutboxSize  = 16 << 20 // octets that wait for one peer; an empty queue takes any one message
	maxControl     = 1024     // messages of the protocol that may wait beyond the limit
	dealerHWM      = 64       // messages in the DEALER itself
	dealerRecvHWM  = 1        // nothing is received: a peer that sends there is not read from
	redialShortest = 100 * time.Millisecond
	redialLongest  = 2 * time.Second
)

// openLink makes a link and connects it. The caller holds mu.
func (n *Node) openLink(id discovery.ID, at netip.AddrPort) {
	identity := append([]byte{1}, n.cfg.id[:]...)
	d, err := socket.NewDealer(
		socket.WithIdentity(identity),
		socket.WithSendHWM(dealerHWM),
		socket.WithSendHWMBytes(maxOutboxSize),
		socket.WithRecvHWM(dealerRecvHWM),
		socket.WithMaxMessageSize(n.cfg.limits.message),
		socket.WithRedial(redialShortest, redialLongest),
		socket.WithLinger(0),
		n.cfg.log(),
	)
	if err != nil {
		panic("brokerless: zre: " + err.Error()) // the options are all right
	}
	if err := d.Connect("tcp://" + at.String()); err != nil {
		_ = d.Close()
		return // an address that nobody can be at
	}
	l := &link{id: id, dealer: d, max: n.cfg.outbox, wake: make(chan struct{}, 1)}
	l.ctx, l.cancel = context.WithCancel(n.ctx)
	n.links[id] = l
	n.writers.Add(1)
	n.wg.Go(func() {
		defer n.writers.Done()
		n.write(l)
	})
}

// closeLink abandons a link. The caller holds mu.
func (n *Node) closeLink(id discovery.ID) {
	if l := n.links[id]; l != nil {
		delete(n.links, id)
		l.closing = true
		l.cancel()
		l.makeRoom()
	}
}

// linked reports whether our connection to the peer is up. The caller holds mu.
func (n *Node) linked(id discovery.ID) bool {
	l := n.links[id]
	return l != nil && l.dealer.Stats().Peers > 0
}

// put queues a message of the protocol. A peer that has not taken the last
// thousand will be unresponsive, and takes no more. The caller holds mu.
func (l *link) put(p parcel) {
	if len(l.queue) >= l.max+maxControl {
		l.cancel()
		return
	}
	l.add(p)
}

// offer queues a message of the application, if there is room. The caller holds
// mu.
func (l *link) offer(p parcel) bool {
	if len(l.queue) >= l.max || len(l.queue) > 0 && l.size+p.size > maxOutboxSize {
		return false
	}
	l.add(p)
	return true
}

func (l *link) add(p parcel) {
	l.queue = append(l.queue, p)
	l.size += p.size
	l.poke()
}

func (l *link) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// roomy returns a channel that is closed when offer may succeed. The caller holds
// mu.
func (l *link) roomy() <-chan struct{} {
	if l.room == nil {
		l.room = make(chan struct{})
	}
	return l.room
}

func (l *link) makeRoom() {
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}

// finish has the writer end when the queue is empty. The caller holds mu.
func (l *link) finish() {
	l.closing = true
	l.makeRoom()
	l.poke()
}

// write sends what is queued, with the sequence (ZR-04), until the peer is gone
// or the link has finished.
func (n *Node) write(l *link) {
	defer l.cancel()
	var sequence uint16
	for {
		p, ok := n.take(l)
		if !ok {
			break
		}
		sequence++ // wraps
		p.message.sequence = sequence
		if err := n.sendParcel(l, &p); err != nil {
			n.restore(l, &p)
			break
		}
	}
	n.abandon(l)
	err := l.dealer.Shutdown(l.ctx) // flushes what has been sent; not if the peer is gone
	n.mu.Lock()
	defer n.mu.Unlock()
	var unsent *socket.UnsentError
	if p := n.ring.peers[l.id]; n.leaving && n.links[l.id] == l && p != nil && p.ready {
		if errors.As(err, &unsent) {
			n.unsent += unsent.Messages
		}
		n.unsent += len(l.queue)
	}
}

// abandon drops the peer of a link that has ended, if it is still believed to be
// there.
func (n *Node) abandon(l *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.links[l.id] == l && !n.leaving {
		n.ring.unresponsive(time.Now(), l.id)
		n.act()
	}
}

// take waits for the next message to send.
func (n *Node) take(l *link) (parcel, bool) {
	for {
		n.mu.Lock()
		if len(l.queue) > 0 && l.ctx.Err() == nil {
			p := l.queue[0]
			l.queue[0] = parcel{}
			l.queue = l.queue[1:]
			l.size -= p.size
			if len(l.queue) <= l.max/2 {
				l.makeRoom()
			}
			n.mu.Unlock()
			return p, true
		}
		closing := l.closing
		n.mu.Unlock()
		if closing {
			return parcel{}, false
		}
		select {
		case <-l.wake:
		case <-l.ctx.Done():
			return parcel{}, false
		}
	}
}

// sendParcel gives a message to the DEALER, and waits for room there as long as a
// peer may be silent.
func (n *Node) sendParcel(l *link, p *parcel) error {
	frames := append([][]byte{p.message.encode()}, p.content...)
	err := l.dealer.TrySend(frames...)
	if !errors.Is(err, socket.ErrWouldBlock) {
		return err
	}
	ctx, cancel := context.WithTimeout(l.ctx, n.cfg.stall)
	defer cancel()
	return l.dealer.Send(ctx, frames...)
}

// restore puts back what could not be sent, so that it is counted.
func (n *Node) restore(l *link, p *parcel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l.queue = append([]parcel{*p}, l.queue...)
}
