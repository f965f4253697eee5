package socket

import (
	"bytes"
	"context"
	"fmt"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// publishing gives PUB and XPUB their rules and their methods to send.
type publishing struct {
	s *socket

	// Guarded by the send lock.
	topics  pattern.Trie[*pipe] // what is matched
	asked   pattern.Trie[*pipe] // with WithManual: what the peers asked for
	matches []*pipe
	mark    uint64
	packed  queue.Packed
	last    *session // the peer whose message was received last
	alone   bool     // the next message is for only; if that is nil, for nobody (WithManualLastValue)
	only    *session
	notices *notices // what the application sees of subscriptions; nil for PUB
}

// Send queues a message for every peer that has subscribed to a prefix of its
// first frame (PS-03). It never waits: for a peer whose queue is full the
// message is dropped and counted, others are not affected (PS-04).
// [WithDropPolicy] says otherwise, WithNoDrop that it waits until all of them
// have room. Without a
// subscriber it does nothing. The frames are copied before Send returns. The
// error is ctx's own, ErrClosed, ErrTooLarge or ErrMessage. Safe for
// concurrent use.
func (b *publishing) Send(ctx context.Context, frames ...[]byte) error {
	return b.send(ctx, true, frames)
}

// TrySend is Send that with WithNoDrop returns ErrWouldBlock rather than wait.
func (b *publishing) TrySend(frames ...[]byte) error {
	return b.send(context.Background(), false, frames)
}

func (b *publishing) send(ctx context.Context, wait bool, frames [][]byte) error {
	s := b.s
	size, err := s.check(ctx, frames)
	if err != nil {
		return s.fail("send", "", err)
	}
	s.send.Lock()
	for {
		if s.send.closed {
			s.send.Unlock()
			return s.fail("send", "", ErrClosed)
		}
		b.match(frames[0])
		if b.alone {
			b.narrow()
		}
		if s.cfg.policy != PolicyBlock || allFit(b.matches, size, frames) {
			break
		}
		if err := s.await(ctx, wait); err != nil {
			s.send.Unlock()
			return s.fail("send", "", err)
		}
	}
	b.alone, b.only = false, nil
	late := fanOut(b.matches, &b.packed, size, frames)
	if s.send.kept != nil {
		s.send.kept.keep(frames)
	}
	s.send.Unlock()
	for _, w := range late {
		w.Wake()
	}
	return nil
}

// match finds the peers that a topic goes to, each once.
func (b *publishing) match(topic []byte) {
	b.matches = b.topics.AppendMatches(b.matches[:0], topic)
	if b.s.cfg.invert {
		b.invert()
		return
	}
	if len(b.matches) < 2 {
		return
	}
	b.mark++
	each := b.matches[:0]
	for _, p := range b.matches {
		if p.mark != b.mark {
			p.mark = b.mark
			each = append(each, p)
		}
	}
	b.matches = each
}

// fanOut queues one message for many pipes, and does what the socket's policy
// says for those that are full. It wakes the writers; it returns the consumers in
// process, which take another socket's lock, and whoever else is to be woken once
// the send lock is given up. The caller holds the send lock.
func fanOut(pipes []*pipe, packed *queue.Packed, size int, frames [][]byte) (late []queue.Waker) {
	if len(pipes) > 1 {
		packed.Set(frames)
		defer packed.Reset()
	}
	for _, p := range pipes {
		if !p.out.Fits(size) && !p.overflow(size, frames[0]) {
			continue
		}
		var wake queue.Waker
		if len(pipes) > 1 {
			wake = p.out.AppendPacked(packed)
		} else {
			wake = p.out.Append(nil, frames)
		}
		switch w := wake.(type) {
		case nil:
		case *session:
			w.Wake()
		case *caster:
			w.Wake()
		default:
			late = append(late, w)
		}
	}
	if len(pipes) > 0 {
		if side := &pipes[0].s.send; side.late != nil {
			late = append(late, side.late...)
			side.late = nil
		}
	}
	return late
}

func (b *publishing) open(*pipe) {}

func (b *publishing) attach(*session) error {
	b.inverted()
	return nil
}

// inverted wakes those who wait for subscribers, if there is one more because a
// topic is not subscribed to.
func (b *publishing) inverted() {
	if b.s.cfg.invert {
		b.s.send.watchers.wakeAll()
	}
}

func (b *publishing) detach(x *session) {
	b.forget(x)
	x.leaveNotices()
	x.pipe.forfeit() // a connection that comes back has to subscribe anew (PS-02)
}

// drop ends the topics of a pipe. If it is still connected, because its endpoint
// is given up, the application learns of that as of the loss of the peer.
func (b *publishing) drop(p *pipe) {
	if p.session != nil {
		b.forget(p.session)
		return
	}
	b.topics.RemoveAll(p, func([]byte, bool) {})
}

// room lets a Send go on that waits for all to have room.
func (b *publishing) room(*pipe) { b.s.send.waiters.wakeAll() }

// forget removes what a peer that has gone subscribed to, and shows the
// application what that ends (PS-24, PS-29). A Send that waits for the peer to
// have room need not any more.
func (b *publishing) forget(x *session) {
	b.s.send.waiters.wakeAll()
	c := b.s.cfg
	tell := func(prefix []byte, last bool) {
		if last || c.verboser || c.manual {
			b.show(x, subscriptionMessage(prefix, false))
		}
	}
	quiet := func([]byte, bool) {}
	if c.manual {
		b.topics.RemoveAll(x.pipe, quiet)
		b.asked.RemoveAll(x.pipe, tell)
	} else {
		b.topics.RemoveAll(x.pipe, tell)
	}
	if b.last == x {
		b.last = nil
	}
}

// subscription implements subscribers.
func (b *publishing) subscription(x *session, topic []byte, on bool) error {
	if len(topic) > maxTopic {
		return fmt.Errorf("topic of %d octets: %w, the limit is %d", len(topic), ErrTooLarge, maxTopic)
	}
	b.s.send.Lock()
	defer b.s.unlockSend()
	if x.pipe.draining || x.pipe.slow || x.pipe.session != x {
		return nil // it gets only what is queued already, or is to leave, or has left
	}
	if on {
		return b.subscribe(x, topic)
	}
	b.cancel(x, topic)
	return nil
}

// wanted returns where the peers' own subscriptions are.
func (b *publishing) wanted() *pattern.Trie[*pipe] {
	if b.s.cfg.manual {
		return &b.asked
	}
	return &b.topics
}

func (b *publishing) subscribe(x *session, topic []byte) error {
	c := b.s.cfg
	first, added := b.wanted().Add(topic, x.pipe)
	if added {
		x.topics++
		x.octets += len(topic)
		if c.maxTopics > 0 && x.topics > c.maxTopics || c.maxTopicBytes > 0 && x.octets > c.maxTopicBytes {
			return fmt.Errorf("subscriptions: %w, the limits are %d topics and %d octets",
				ErrTooLarge, c.maxTopics, c.maxTopicBytes)
		}
	}
	if !c.manual {
		b.subscribed(x, topic, added)
	}
	if first || c.verbose || c.manual {
		b.show(x, subscriptionMessage(topic, true))
	}
	return nil
}

func (b *publishing) cancel(x *session, topic []byte) {
	c := b.s.cfg
	last, removed := b.wanted().Remove(topic, x.pipe)
	if removed {
		x.topics--
		x.octets -= len(topic)
		b.s.send.waiters.wakeAll() // they need not wait for this peer any more
		b.inverted()
	}
	if last || removed && c.verboser || c.manual {
		b.show(x, subscriptionMessage(topic, false))
	}
}

// subscribed is told that x has subscribed to topic, which is matched for it by
// now; anew says that it had not subscribed before.
func (b *publishing) subscribed(x *session, topic []byte, anew bool) {
	s := b.s
	if m := s.cfg.welcome; m != nil && bytes.HasPrefix(m[0], topic) {
		if !x.pipe.out.Fits(queue.WireSize(m)) {
			x.pipe.lose(1, DropFull)
		} else if wake := x.pipe.out.Append(nil, m); wake != nil {
			s.send.late = append(s.send.late, wake)
		}
	}
	if k := s.send.kept; k != nil && anew {
		if wake := k.replay(x.pipe, string(topic)); wake != nil {
			s.send.late = append(s.send.late, wake)
		}
	}
	s.send.watchers.wakeAll()
}
