package mesh

import (
	"context"
	"iter"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// Message is what a peer has whispered or shouted. It is the receiver's to
// keep and change.
type Message struct {
	From   discovery.ID
	Name   string // of the peer, for people
	Group  string // that it was shouted to; empty if it was whispered
	Frames socket.Message
}

// maxInboxSize is how many octets wait for Recv. An empty inbox takes any one
// message.
const maxInboxSize = 64 << 20

// inbox has what waits for Recv. It is guarded by the node's lock.
type inbox struct {
	max      int
	messages []Message
	size     int
	dropping bool          // some were dropped since there was room
	signal   chan struct{} // of capacity 1: there may be something
}

func newInbox(most int) *inbox { return &inbox{max: most, signal: make(chan struct{}, 1)} }

func (b *inbox) wake() {
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// deliver puts a message into the inbox, or drops it. The caller holds mu.
func (n *Node) deliver(l *link, group string, frames socket.Message) {
	b := n.inbox
	size := frames.Size()
	if len(b.messages) >= b.max || len(b.messages) > 0 && b.size+size > maxInboxSize {
		n.stats.Dropped++
		if !b.dropping {
			b.dropping = true
			n.audience.warn(Event{Time: time.Now(), Err: ErrInbox})
		}
		return
	}
	b.messages = append(b.messages, Message{From: l.id, Name: l.state.Name, Group: group, Frames: frames})
	b.size += size
	b.wake()
}

// take returns the oldest message, if there is one.
func (n *Node) take() (m Message, ok, closed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.inbox
	if len(b.messages) == 0 {
		return m, false, n.closed
	}
	m, b.messages[0] = b.messages[0], Message{}
	b.messages = b.messages[1:]
	b.size -= m.Frames.Size()
	b.dropping = b.dropping && len(b.messages) > b.max/2
	if len(b.messages) > 0 {
		b.wake()
	}
	return m, true, false
}

// Recv waits for the next message that a peer has whispered to the node or
// shouted to a group of it, and returns it; or ctx's error, or ErrClosed. The
// order of one peer's messages is kept.
//
// A thousand messages (WithInbox) and 64 MiB wait to be received. When there is
// no room the newest are dropped, counted in Stats, and told of once with a
// Warning that matches ErrInbox: nothing else is held up by who does not
// receive, neither calls nor presence.
func (n *Node) Recv(ctx context.Context) (Message, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Message{}, err
		}
		m, ok, closed := n.take()
		switch {
		case ok:
			return m, nil
		case closed:
			n.inbox.wake() // for others who wait
			return Message{}, ErrClosed
		}
		select {
		case <-n.inbox.signal:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// Messages returns the messages as they come, until ctx is done, the node has
// left or the loop ends. The last pair carries the error, which is nil when the
// node has left: then the loop just ends.
func (n *Node) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := n.Recv(ctx)
			if err == ErrClosed { //nolint:errorlint // ours, as it is
				return
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}
