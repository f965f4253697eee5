package zre

import (
	"context"
	"iter"
	"time"
)

// maxInboxSize is how many octets of content wait for Next. An empty inbox takes
// any one message.
const maxInboxSize = 64 << 20

// inbox has the events that wait for Next. It is guarded by the node's lock.
type inbox struct {
	max     int
	events  []Event
	size    int
	stalled bool          // no messages are received, because there is no room
	closed  bool          // nothing more comes
	signal  chan struct{} // of capacity 1: there may be something
	room    chan struct{} // of capacity 1: there may be room
}

func newInbox(most int) inbox {
	return inbox{max: most, signal: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func (b *inbox) full() bool { return len(b.events) >= b.max || b.size >= maxInboxSize }

// put queues an event, even beyond the limit: what one message tells is bounded
// by those on groups, and what comes of beacons and silence by that on peers.
func (b *inbox) put(e Event) {
	b.events = append(b.events, e)
	b.size += e.Frames.Size()
	poke(b.signal)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (b *inbox) close() {
	b.closed = true
	poke(b.signal)
}

// awaitRoom waits until there is room for what a message may tell, and returns
// false if the node has left. Peers that were not listened to meanwhile are not
// silent.
func (n *Node) awaitRoom() bool {
	for {
		n.mu.Lock()
		full := n.inbox.full()
		if n.inbox.stalled && !full {
			n.ring.excuse(time.Now())
		}
		n.inbox.stalled = full
		n.mu.Unlock()
		if !full {
			return n.ctx.Err() == nil
		}
		select {
		case <-n.inbox.room:
		case <-n.ctx.Done():
			return false
		}
	}
}

// pop returns the oldest event, if there is one.
func (n *Node) pop() (e Event, ok, closed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := &n.inbox
	if len(b.events) == 0 {
		return e, false, b.closed
	}
	e, b.events[0] = b.events[0], Event{}
	b.events = b.events[1:]
	b.size -= e.Frames.Size()
	if !b.full() {
		poke(b.room)
	}
	if len(b.events) > 0 {
		poke(b.signal)
	}
	return e, true, false
}

// Next waits for the next event and returns it; or ctx's error; or ErrClosed
// when the node has left and all events were returned. Each event goes to one
// caller; those of one peer are in order.
//
// No event is ever dropped. When a thousand (WithInbox), or 64 MiB, wait, no more
// messages are received until there is room: they wait in the queues of their
// senders, which are held up. Beacons go on, so that nobody takes the node for
// dead. A program that only sends has to read even so.
func (n *Node) Next(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Event{}, err
		}
		e, ok, closed := n.pop()
		switch {
		case ok:
			return e, nil
		case closed:
			poke(n.inbox.signal) // for others who wait
			return Event{}, ErrClosed
		}
		select {
		case <-n.inbox.signal:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Events returns the events to range over, until ctx is done, the loop is left
// or the node has left.
func (n *Node) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			e, err := n.Next(ctx)
			if err != nil || !yield(e) {
				return
			}
		}
	}
}
