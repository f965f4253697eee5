package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/internal/queue"
)

// What a socket says of itself when a connection begins, and what its own
// application hears when one has ended.

// greet queues what a new peer gets before the application sends it anything.
// The consumer it returns, unless nil, is to be woken once the send lock is given
// up.
func (s *socket) greet(x *session) queue.Waker {
	wake := s.hello(x.pipe)
	if w := s.probe(x); w != nil {
		wake = w
	}
	return wake
}

// hello puts the message of WithHelloMessage in front of what waits for a peer
// (CS-05). If that of the connection before is still there, it is the one.
func (s *socket) hello(p *pipe) queue.Waker {
	if len(s.cfg.hello) == 0 {
		return nil
	}
	d := p.out.Depth()
	p.unasked(1)
	if p.hello == d.Left+1 && d.Messages > 0 {
		return nil
	}
	p.hello = d.Left + 1
	return p.out.Prepend([][]byte{s.cfg.hello})
}

// lastOf returns the message with which a connection that has ended ends for the
// application, or nil: none if another peer goes by its name now, or the rules
// never knew of it because the connection only served to get rid of what was
// queued; and of those
// options only the one that shows every end shows one that we have made ourselves.
// The caller holds the send lock.
func (s *socket) lastOf(x *session) []byte {
	switch p := x.pipe; {
	case x.succeeded || !x.inside:
		return nil
	case s.cfg.notify&NotifyDisconnect != 0:
		return []byte{}
	case !p.dialed && len(s.cfg.farewell) > 0:
		return s.cfg.farewell
	case p.dialed && !p.draining && len(s.cfg.hiccup) > 0:
		return s.cfg.hiccup
	}
	return nil
}

// validateNotes looks at the messages that are sent, or delivered, by themselves.
func (c *config) validateNotes() error {
	for _, m := range []struct {
		option string
		body   []byte
	}{{"WithHelloMessage", c.hello}, {"WithDisconnectMessage", c.farewell}, {"WithHiccupMessage", c.hiccup}} {
		if n := int64(len(m.body)); c.maxMessage > 0 && n > c.maxMessage {
			return fmt.Errorf("%w: %s: %d octets, above WithMaxMessageSize(%d)", ErrOption, m.option, n, c.maxMessage)
		}
	}
	if len(c.farewell) > 0 && c.notify&NotifyDisconnect != 0 {
		return fmt.Errorf("%w: WithDisconnectMessage and WithNotify(NotifyDisconnect) are two ways to show the same", ErrOption)
	}
	if len(c.hello) > 0 && c.conflate {
		return fmt.Errorf("%w: WithHelloMessage with WithConflate: one would take the other's place", ErrOption)
	}
	return nil
}
