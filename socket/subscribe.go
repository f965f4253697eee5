package socket

import (
	"fmt"
	"sync"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/pattern"
)

// subscribing gives SUB, XSUB and DISH their rules: the socket's topics, or
// groups, and who is told of them.
type subscribing struct {
	s *socket

	// order is held while topics change and all publishers are told, so that
	// each of them hears of the changes in the order they were made. It comes
	// before all other locks.
	order  sync.Mutex
	mu     sync.RWMutex // guards topics; a leaf
	topics pattern.Subscriptions
}

func (b *subscribing) change(op string, prefixes []string, on bool) error {
	s := b.s
	for _, p := range prefixes {
		if len(p) > maxTopic {
			return s.fail(op, "", fmt.Errorf("topic of %d octets: %w, the limit is %d", len(p), ErrTooLarge, maxTopic))
		}
	}
	b.order.Lock()
	defer b.order.Unlock()
	for _, p := range prefixes {
		if err := b.one([]byte(p), on); err != nil {
			return s.fail(op, "", err)
		}
	}
	return nil
}

// one changes one subscription and tells the publishers: of every
// subscription, but only of the cancellation that ends it (WT-95). The caller
// holds order.
func (b *subscribing) one(topic []byte, on bool) error {
	s := b.s
	b.mu.Lock()
	last := false
	if on {
		b.topics.Add(topic)
	} else {
		last, _ = b.topics.Remove(topic)
	}
	b.mu.Unlock()
	s.send.Lock()
	closed := s.send.closed
	var sessions []*session
	if on || last || s.cfg.cancelAll {
		for p := range s.send.pipes {
			if x := p.session; x != nil && x.replayed {
				sessions = append(sessions, x)
			}
		}
	}
	s.send.Unlock()
	if closed {
		return ErrClosed
	}
	for _, x := range sessions {
		x.tell(topic, on)
	}
	return nil
}

// tell tells one publisher of a subscription or cancellation.
func (x *session) tell(topic []byte, on bool) {
	if x.twin != nil {
		x.tellTwin(topic, on)
		return
	}
	s := x.pipe.s
	s.send.Lock()
	x.control = x.appendSubscription(x.control, topic, on)
	stuck := len(x.control) > maxControl
	s.send.Unlock()
	if stuck {
		x.end(errStuck)
		return
	}
	x.Wake()
}

// errStuck is why the connection to a publisher is made anew that does not
// take our subscriptions. Then it is told those that are still wanted.
var errStuck = fmt.Errorf("commands for the peer: %w, it takes none", ErrTooLarge)

// appendSubscription encodes it in the form that the peer's version of ZMTP
// asks for (WT-02), or as the joining or leaving of a group.
func (x *session) appendSubscription(dst, topic []byte, on bool) []byte {
	switch command := x.minor >= 1; {
	case x.pipe.s.kind == pattern.DISH && on:
		return zmtp.AppendJoin(dst, topic)
	case x.pipe.s.kind == pattern.DISH:
		return zmtp.AppendLeave(dst, topic)
	case command && on:
		return zmtp.AppendSubscribe(dst, topic)
	case command:
		return zmtp.AppendCancel(dst, topic)
	case on:
		return zmtp.AppendSubscribeMessage(dst, topic)
	default:
		return zmtp.AppendCancelMessage(dst, topic)
	}
}

// tellTwin tells a publisher of the same process.
func (x *session) tellTwin(topic []byte, on bool) {
	t := x.twin
	rules, ok := t.pipe.s.rules.(subscribers)
	if !ok {
		return
	}
	if err := rules.subscription(t, topic, on); err != nil {
		t.end(err)
	}
}

func (b *subscribing) open(*pipe) {}

func (b *subscribing) attach(*session) error { return nil }

func (b *subscribing) detach(x *session) { x.replayed = false }

func (b *subscribing) drop(*pipe) {}

func (b *subscribing) room(*pipe) {}

// replay tells a new publisher all subscriptions, before anything else (WT-98).
func (b *subscribing) replay(x *session) {
	b.order.Lock()
	defer b.order.Unlock()
	s := b.s
	var control []byte
	b.mu.RLock()
	var topics [][]byte
	for t := range b.topics.All() {
		if x.twin != nil {
			topics = append(topics, append([]byte(nil), t...))
		} else {
			control = x.appendSubscription(control, t, true)
		}
	}
	b.mu.RUnlock()
	s.send.Lock()
	x.control = append(x.control, control...)
	x.replayed = true
	s.send.Unlock()
	for _, t := range topics {
		x.tellTwin(t, true)
	}
	x.Wake()
}
