package socket

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/pattern"
)

// subscribers is what the rules of a publishing socket do with subscriptions.
type subscribers interface {
	// subscription is told that the peer subscribed to a topic, or cancelled. It
	// takes the send lock.
	subscription(x *session, topic []byte, on bool) error
	// upstream gets the other messages of subscribers. It takes the send lock.
	upstream(x *session, m *queue.Raw)
	// crowded reports whether the application has yet to receive so much of the
	// peer that no more should be read. It takes the send lock.
	crowded(x *session) bool
}

// read reads the connection until it ends, and returns why.
func (x *session) read(early []byte) error {
	s := x.pipe.s
	subs, inspect := s.rules.(subscribers)
	limits := s.cfg.limits()
	if s.bare {
		limits = queue.Limits{} // what comes at once is no message of the peer's
	}
	d := queue.NewDecoder(limits, x, inspect)
	x.decoder = d
	defer d.Free()
	switch {
	case s.bare:
		x.incoming = bareReader{}
	case x.cipher != nil:
		x.incoming = newUnsealer(x, early)
	case x.framedV1():
		x.incoming = newUpgrader(early)
	}
	if x.incoming != nil {
		defer x.incoming.free()
		early = nil
	}
	if !x.pass() {
		return x.cause
	}
	x.notice(false)
	defer x.notice(true)
	for {
		var n int
		var err error
		if len(early) > 0 {
			n = copy(d.Space(), early)
			if early = early[n:]; len(early) == 0 {
				early = nil // lets the handshake's buffer go
			}
		} else {
			n, err = x.receive(x.conn)
		}
		goOn := true
		if n > 0 {
			x.hear()
			x.fault = d.Scan(n)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
			goOn = x.yield()
		}
		if !goOn || !x.deliver() {
			s.recv.lose(d.Undelivered(), DropClosed)
			return x.cause
		}
		if x.fault != nil {
			return x.fault
		}
		for inspect && subs.crowded(x) {
			if !x.pause() {
				return x.cause
			}
		}
		if err != nil {
			return readError(err)
		}
	}
}

// A translator makes of what a connection brings the frames that are in it, as
// they are queued.
type translator interface {
	// read puts frames into b, and reads the connection by way of from if it has none.
	read(from io.Reader, b []byte) (n int, err error)
	free()
}

// receive reads octets for the decoder from the connection, by way of from. It is
// for whoever decodes.
func (x *session) receive(from io.Reader) (n int, err error) {
	if x.incoming != nil {
		return x.incoming.read(from, x.decoder.Space())
	}
	return from.Read(x.decoder.Space())
}

// deliver hands what has been decoded to the application's queue, waiting
// while that is full: then nothing more is read, and the peer is held up by
// the transport. It reports false if the connection is to end.
func (x *session) deliver() bool {
	for {
		q := x.inlet.Queue()
		q.Lock()
		if x.mute.Load() { // or else Close has yet to empty the queue, and makes room in it
			q.Unlock()
			x.pipe.s.recv.lose(x.decoder.Discard(), DropClosed)
			return true
		}
		all, wake := x.decoder.Deliver(q)
		x.parked = !all && x.readNow != nil
		q.Unlock()
		if wake != nil {
			wake.Wake()
		}
		if all {
			return true
		}
		if !x.pause() {
			return false
		}
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
func (x *session) Command(body []byte) error {
	if x.legacy() {
		return x.errCommandless()
	}
	name, payload, err := zmtp.ParseCommand(body)
	if err != nil {
		return err
	}
	switch name {
	case zmtp.CommandPing:
		ttl, context, err := zmtp.ParsePing(payload)
		if err != nil {
			return err
		}
		x.ttl.Store(int64(ttl))
		s := x.pipe.s
		s.send.Lock()
		x.pong, x.pongDue = append(x.pong[:0], context...), true
		s.send.Unlock()
		x.Wake()
	case zmtp.CommandPong:
		x.ponged(payload)
	case zmtp.CommandSubscribe:
		return x.subscription(payload, true)
	case zmtp.CommandCancel:
		return x.subscription(payload, false)
	case zmtp.CommandJoin:
		return x.membership(payload, true)
	case zmtp.CommandLeave:
		return x.membership(payload, false)
	case zmtp.CommandError:
		reason, err := zmtp.ParseError(payload)
		if err != nil {
			return err
		}
		return &zmtp.PeerError{Reason: reason}
	case zmtp.CommandReady:
		return fmt.Errorf("%w: READY after the handshake", ErrProtocol)
	}
	return nil
}

// subscription handles a subscription or cancellation. Sockets that do not
// publish ignore it (WT-32).
func (x *session) subscription(topic []byte, on bool) error {
	if rules, ok := x.pipe.s.rules.(subscribers); ok && x.pipe.s.kind != pattern.RADIO {
		return rules.subscription(x, topic, on)
	}
	return nil
}

// membership handles the joining or leaving of a group. Sockets other than RADIO
// ignore it (WT-31).
func (x *session) membership(group []byte, on bool) error {
	if rules, ok := x.pipe.s.rules.(*radiating); ok {
		return rules.subscription(x, group, on)
	}
	return nil
}

// Inspect implements queue.Handler: a publisher's peers may subscribe by
// messages too (WT-91), a radio's not.
func (x *session) Inspect(m *queue.Raw) (keep bool, err error) {
	rules := x.pipe.s.rules.(subscribers)
	if m.Frames() == 1 && x.pipe.s.kind != pattern.RADIO {
		if body := m.Frame(0); len(body) > 0 && body[0] <= 1 {
			return false, rules.subscription(x, body[1:], body[0] == 1)
		}
	}
	rules.upstream(x, m)
	return false, nil
}
