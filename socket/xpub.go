package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// XPub is a publisher that receives: each subscription as a message that is
// the octet 1 and the topic, each cancellation as 0 and the topic (PS-20), and
// what XSUB peers send upstream. Peers' subscriptions are not read while the
// application leaves them unreceived above the receive high-water mark.
type XPub struct {
	*socket
	*publishing
	receiving
}

// NewXPub returns an XPUB socket. The error, if any, matches ErrOption.
func NewXPub(opts ...XPubOption) (*XPub, error) {
	c := newConfig()
	for _, o := range opts {
		o.forXPub(c)
	}
	s, err := newSocket(pattern.XPUB, c)
	if err != nil {
		return nil, err
	}
	x := &XPub{socket: s, publishing: &publishing{s: s}, receiving: receiving{s}}
	x.notices = newNotices(s)
	s.rules = x.publishing
	s.recv.filter = x.publishing
	return x, nil
}

// Subscribe subscribes the peer whose message was received last to a topic
// (PS-27). It needs WithManual; without it the error matches ErrState. If the
// peer has gone meanwhile, or is about to, nothing happens (PS-29).
func (p *XPub) Subscribe(topic string) error { return p.change("subscribe", topic, true) }

// Unsubscribe cancels a topic for the peer whose message was received last. It
// needs WithManual. A topic the peer does not have is ignored.
func (p *XPub) Unsubscribe(topic string) error { return p.change("unsubscribe", topic, false) }

func (p *XPub) change(op, topic string, on bool) error {
	s, b := p.socket, p.publishing
	if !s.cfg.manual {
		return s.fail(op, "", fmt.Errorf("%w: the peers choose their topics, except with WithManual", ErrState))
	}
	s.send.Lock()
	closed, x := s.send.closed, b.last
	if on && s.cfg.lastValue && !closed {
		b.alone, b.only = true, x
	}
	switch {
	case closed || x == nil || x.pipe.session != x || x.pipe.draining || x.pipe.slow:
	case on:
		_, added := b.topics.Add([]byte(topic), x.pipe)
		b.subscribed(x, []byte(topic), added)
	default:
		b.topics.Remove([]byte(topic), x.pipe)
		s.send.waiters.wakeAll() // they need not wait for this peer any more
		b.inverted()
	}
	s.unlockSend()
	if closed {
		return s.fail(op, "", ErrClosed)
	}
	return nil
}

// mayReceive implements filter.
func (b *publishing) mayReceive() error { return nil }

// accept implements filter: it notes whose message it is.
func (b *publishing) accept(in *inlet, _ *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	if in == b.notices.inlet {
		in.session = b.notices.next(b.s.cfg.recvMarks)
	}
	b.last = in.session
	return nil, 0, 0, true
}
