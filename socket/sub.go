package socket

import (
	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// Sub receives the messages of its PUB and XPUB peers that begin with a prefix
// it has subscribed to (RFC 29); none at all before it has subscribed.
type Sub struct {
	*socket
	receiving
	*subscribing
}

// NewSub returns a SUB socket. The error, if any, matches ErrOption.
func NewSub(opts ...SubOption) (*Sub, error) {
	c := newConfig()
	for _, o := range opts {
		o.forSub(c)
	}
	s, err := newSocket(pattern.SUB, c)
	if err != nil {
		return nil, err
	}
	sub := &Sub{socket: s, receiving: receiving{s}, subscribing: &subscribing{s: s}}
	s.rules = sub.subscribing
	s.recv.filter = sub.subscribing
	return sub, nil
}

// Subscribe subscribes to messages whose first frame begins with one of the
// prefixes, octet by octet; the empty one is all messages. Every publisher is
// told, those that connect later included (PS-44). Subscribing twice takes
// cancelling twice (PS-42). The error is ErrClosed, or ErrTooLarge for a prefix
// over 64 KiB; then none of them is subscribed to. Safe for concurrent use.
func (s *Sub) Subscribe(prefixes ...string) error {
	return s.change("subscribe", prefixes, true)
}

// Unsubscribe cancels one subscription to each of the prefixes. One that is
// not subscribed to is ignored.
func (s *Sub) Unsubscribe(prefixes ...string) error {
	return s.change("unsubscribe", prefixes, false)
}

// mayReceive implements filter.
func (b *subscribing) mayReceive() error { return nil }

// accept implements filter: what is on its way when a subscription is
// cancelled, or sent by a publisher that does not filter, stops here (PS-43).
func (b *subscribing) accept(_ *inlet, m *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return nil, 0, DropFiltered, b.topics.Match(m.Frame(0)) != b.s.cfg.invert
}
