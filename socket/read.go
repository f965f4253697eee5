package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// subscribers is what the rules of a publishing socket do with subscriptions.
type subscribers interface {
	// subscription is told that the peer subscribed to a topic, or cancelled. It
	// reports whether the application is to see that. It takes the send lock.
	subscription(x *session, topic []byte, on bool) (show bool, err error)
	// upstream reports whether other messages of subscribers are for the application.
	upstream() bool
}

// read reads the connection until it ends, and returns why.
func (x *session) read(early []byte) error {
	s := x.pipe.s
	_, inspect := s.rules.(subscribers)
	d := queue.NewDecoder(s.cfg.limits(), x, inspect)
	defer func() { d.Free() }()
	for {
		var n int
		var err error
		if len(early) > 0 {
			n = copy(d.Space(), early)
			if early = early[n:]; len(early) == 0 {
				early = nil // lets the handshake's buffer go
			}
		} else {
			n, err = x.conn.Read(d.Space())
		}
		if n > 0 {
			x.hear()
			scanned := d.Scan(n)
			if !x.deliver(d) {
				s.recv.lose(d.Undelivered(), DropClosed)
				return x.cause
			}
			if scanned != nil {
				return scanned
			}
		}
		if err != nil {
			return readError(err)
		}
	}
}

// deliver hands what has been decoded to the application's queue, waiting
// while that is full: then nothing more is read, and the peer is held up by
// the transport. It reports false if the connection is to end.
func (x *session) deliver(d *queue.Decoder) bool {
	for {
		q := x.inlet.Queue()
		q.Lock()
		if x.mute.Load() { // or else Close has yet to empty the queue, and makes room in it
			q.Unlock()
			x.pipe.s.recv.lose(d.Discard(), DropClosed)
			return true
		}
		all, wake := d.Deliver(q)
		q.Unlock()
		if wake != nil {
			wake.Wake()
		}
		if all {
			return true
		}
		x.paused.Store(true)
		select {
		case <-x.space:
		case <-x.stop:
			return false
		}
		x.hear()
		x.paused.Store(false)
	}
}

// lose counts n messages that were received whole and reach nobody.
func (r *recvSide) lose(n int, why DropReason) {
	if n == 0 {
		return
	}
	r.Lock()
	r.flow.Messages += uint64(n)
	r.flow.Dropped[why] += uint64(n)
	r.Unlock()
}

// Command implements queue.Handler for the commands of traffic (WT-31).
func (x *session) Command(body []byte) (notice []byte, err error) {
	name, payload, err := zmtp.ParseCommand(body)
	if err != nil {
		return nil, err
	}
	switch name {
	case zmtp.CommandPing:
		ttl, context, err := zmtp.ParsePing(payload)
		if err != nil {
			return nil, err
		}
		x.ttl.Store(int64(ttl))
		s := x.pipe.s
		s.send.Lock()
		x.pong, x.pongDue = append(x.pong[:0], context...), true
		s.send.Unlock()
		x.Wake()
	case zmtp.CommandSubscribe:
		return x.subscription(payload, true)
	case zmtp.CommandCancel:
		return x.subscription(payload, false)
	case zmtp.CommandError:
		reason, err := zmtp.ParseError(payload)
		if err != nil {
			return nil, err
		}
		return nil, &zmtp.PeerError{Reason: reason}
	case zmtp.CommandReady:
		return nil, fmt.Errorf("%w: READY after the handshake", ErrProtocol)
	}
	return nil, nil
}

// subscription handles a subscription or cancellation and returns what the
// application is to see of it. Sockets that do not publish ignore it (WT-32).
func (x *session) subscription(topic []byte, on bool) (notice []byte, err error) {
	rules, ok := x.pipe.s.rules.(subscribers)
	if !ok {
		return nil, nil
	}
	show, err := rules.subscription(x, topic, on)
	if !show || err != nil {
		return nil, err
	}
	return subscriptionMessage(topic, on), nil
}

// subscriptionMessage is how the application sees a subscription (PS-20).
func subscriptionMessage(topic []byte, on bool) []byte {
	m := make([]byte, 1+len(topic))
	if on {
		m[0] = 1
	}
	copy(m[1:], topic)
	return m
}

// Inspect implements queue.Handler: a publisher's peers may subscribe by
// messages too (WT-91).
func (x *session) Inspect(m *queue.Raw) (keep bool, err error) {
	rules := x.pipe.s.rules.(subscribers)
	if m.Frames() == 1 {
		if body := m.Frame(0); len(body) > 0 && body[0] <= 1 {
			return rules.subscription(x, body[1:], body[0] == 1)
		}
	}
	if !rules.upstream() {
		x.pipe.s.recv.lose(1, DropMalformed)
		return false, nil
	}
	return true, nil
}
