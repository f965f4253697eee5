package socket

import "context"

// HasSubscribers reports whether a connected peer has subscribed to topic, or to
// a prefix of it, or with WithInvertMatching has not, so that a message whose
// first frame is topic would go to it now. Without one, what it costs to make the
// message can be saved. Whether the peers have room for it is not looked at. It is
// false once the socket is closed. It never waits for a peer, does not allocate,
// and is safe for concurrent use.
func (b *publishing) HasSubscribers(topic string) bool {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	switch {
	case b.s.send.closed:
		return false
	case b.s.cfg.invert:
		b.match([]byte(topic))
		return len(b.matches) > 0
	}
	return b.topics.Match([]byte(topic))
}

// WaitSubscribers waits until at least n peers have subscribed to topic, or to
// a prefix of it: what is sent after that reaches them, which cures the slow
// joiner (PS-09). It returns ctx's error, or ErrClosed.
func (b *publishing) WaitSubscribers(ctx context.Context, topic string, n int) error {
	s := b.s
	if err := ctx.Err(); err != nil {
		return s.fail("wait for subscribers", "", err)
	}
	s.send.Lock()
	defer s.send.Unlock()
	for {
		if s.send.closed {
			return s.fail("wait for subscribers", "", ErrClosed)
		}
		b.match([]byte(topic))
		if len(b.matches) >= n {
			return nil
		}
		if err := s.send.watchers.wait(ctx, &s.send.Mutex); err != nil {
			return s.fail("wait for subscribers", "", err)
		}
	}
}

// HasMembers reports whether a message of group would go to anybody now: to a
// connected peer that has joined it, or to an endpoint of datagrams, of which
// nobody knows who listens. Without one, what it costs to make the message can be
// saved. Whether there is room for it is not looked at. It is false once the socket
// is closed. It never waits for a peer, does not allocate, and is safe for
// concurrent use.
func (b *radiating) HasMembers(group string) bool {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	return !b.s.send.closed && (len(b.casting) > 0 || b.groups.Members([]byte(group)) > 0)
}
