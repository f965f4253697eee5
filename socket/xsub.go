package socket

import (
	"context"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// XSub is a subscriber that sends: a message that is the octet 1 and a topic
// subscribes, 0 and a topic cancels, anything else goes upstream to all
// publishers (PS-50). It does not filter what it receives (PS-53).
type XSub struct {
	*socket
	receiving
	subs   *subscribing
	pipes  []*pipe // guarded by the send lock, as is packed
	packed queue.Packed
}

// NewXSub returns an XSUB socket. The error, if any, matches ErrOption.
func NewXSub(opts ...XSubOption) (*XSub, error) {
	c := newConfig()
	for _, o := range opts {
		o.forXSub(c)
	}
	s, err := newSocket(pattern.XSUB, c)
	if err != nil {
		return nil, err
	}
	x := &XSub{socket: s, receiving: receiving{s}, subs: &subscribing{s: s}}
	s.rules = x.subs
	return x, nil
}

// Send subscribes, cancels, or sends a message to all connected publishers,
// dropping and counting it for those whose queue is full; it never waits
// (PS-51). A cancellation passes only if it is the last of its topic (PS-52).
// The error is ctx's own, ErrClosed, ErrTooLarge or ErrMessage. Safe for
// concurrent use.
func (x *XSub) Send(ctx context.Context, frames ...[]byte) error {
	s := x.socket
	size, err := s.check(ctx, frames)
	if err != nil {
		return s.fail("send", "", err)
	}
	if f := frames[0]; len(frames) == 1 && len(f) > 0 && f[0] <= 1 {
		return x.subs.change("send", []string{string(f[1:])}, f[0] == 1)
	}
	s.send.Lock()
	if s.send.closed {
		s.send.Unlock()
		return s.fail("send", "", ErrClosed)
	}
	x.pipes = x.pipes[:0]
	for p := range s.send.pipes {
		if p.session != nil && !p.draining {
			x.pipes = append(x.pipes, p)
		}
	}
	late := fanOut(x.pipes, &x.packed, size, frames)
	s.send.Unlock()
	for _, w := range late {
		w.Wake()
	}
	return nil
}

// TrySend is Send, which never waits.
func (x *XSub) TrySend(frames ...[]byte) error {
	return x.Send(context.Background(), frames...)
}
