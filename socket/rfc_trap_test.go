package socket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestRFCTraps(t *testing.T) {
	showWire(t, "TR-01 both forms of subscription on one connection, in turn", func(s *stage) {
		xpub := s.xpub()
		w := s.wireTo(xpub, "SUB", 1)
		w.write(command("SUBSCRIBE", "A"), message("\x01B"), message("\x00A"), command("CANCEL", "B"))
		for _, notice := range []string{"\x01A", "\x01B", "\x00A", "\x00B"} {
			s.want(xpub, notice)
		}
	})

	showWire(t, "TR-02 the form goes by the peer's version on each new connection", func(s *stage) {
		l, endpoint := s.listen()
		sub := s.sub(quick())
		s.subscribe(sub, "A")
		s.connect(sub, endpoint)
		for _, minor := range []byte{1, 0, 1, 0} {
			w := s.accept(l)
			w.greet("PUB", minor)
			if minor == 0 {
				w.expect(message("\x01A"))
			} else {
				w.expect(command("SUBSCRIBE", "A"))
			}
			w.Close()
		}
	})

	showClock(t, "TR-03 two sides that write before they read do not wait for each other", func(s *stage) {
		near, far := net.Pipe() // without any buffer
		pull, push := s.pull(), s.push()
		if err := errors.Join(pull.AttachConn(near), push.AttachConn(far)); err != nil {
			s.Fatal(err)
		}
		s.send(push, "m")
		s.want(pull, "m")
	})

	showClock(t, "TR-04 a stalled handshake is cut on both sides, with events", func(s *stage) {
		for _, octets := range []string{"", greeting(3, 1)} {
			bound, connecting := s.pull(), s.push(socket.WithTransport(stalled{octets}), never())
			server, client := bound.Monitor(), connecting.Monitor()
			w := s.plug(bound)
			w.drain()
			w.write(octets)
			if err := connecting.Connect("stalled://x"); err != nil {
				s.Fatal(err)
			}
			for _, m := range []*socket.Monitor{server, client} {
				s.says(s.event(m, socket.EventHandshakeFailed).Err, "handshake not done within 10s")
			}
		}
	})

	showWire(t, "TR-05 good peers are served while others stall, leave or send garbage", func(s *stage) {
		pull := s.pull()
		endpoint := s.bind(pull)
		for i := range 20 {
			s.dial(endpoint) // says nothing
			s.dial(endpoint).Close()
			s.dial(endpoint).write(strings.Repeat("garbage", 100))
			s.dial(endpoint).write(greeting(3, 1)[:11])
			push := s.push()
			s.connect(push, endpoint)
			s.send(push, fmt.Sprint(i))
			s.want(pull, fmt.Sprint(i))
		}
	})

	show(t, "TR-06 the turn goes round in the order of coming; who leaves takes only his own", func(s *stage) {
		push := s.push()
		m := push.Monitor()
		pulls := make([]*socket.Pull, 5)
		for i := range pulls {
			pulls[i] = s.pull()
			s.star(push, pulls[i])
		}
		for _, p := range pulls {
			s.send(push, "m")
			s.want(p, "m")
		}
		s.send(push, "m")
		s.want(pulls[0], "m")
		drop(pulls[1])
		s.event(m, socket.EventDisconnected)
		for _, i := range []int{2, 3, 4, 0, 2, 3, 4, 0} {
			s.send(push, "m")
			s.want(pulls[i], "m")
		}
	})

	showWire(t, "TR-07 a peer that leaves in the middle of a message leaves no trace of it", func(s *stage) {
		pull := s.pull()
		m := pull.Monitor()
		whole := message("a", "b", "c")
		for n := range len(whole) {
			w := s.wireTo(pull, "PUSH", 1)
			w.write(whole[:n])
			w.Close()
			s.event(m, socket.EventDisconnected)
		}
		s.empty(pull)
		s.wireTo(pull, "PUSH", 1).write(whole)
		s.want(pull, "a", "b", "c")
	})

	showWire(t, "TR-08 what was queued before the connection goes out in order, after the subscriptions", func(s *stage) {
		l, endpoint := s.listen()
		dealer := s.dealer()
		s.connect(dealer, endpoint)
		for i := range 3 {
			s.send(dealer, fmt.Sprint(i))
		}
		w := s.accept(l)
		w.greet("DEALER", 1)
		w.expect(message("0"), message("1"), message("2"))

		xsub := s.xsub()
		s.send(xsub, "\x01A")
		s.connect(xsub, endpoint)
		w = s.accept(l)
		w.greet("XPUB", 1)
		s.peers(xsub, 1)
		s.send(xsub, "user")
		w.expect(command("SUBSCRIBE", "A"), message("user"))
	})

	show(t, "TR-09 Close waits for the linger time at most, Shutdown for its ctx", func(s *stage) {
		push := s.push(socket.WithLinger(20 * time.Millisecond))
		s.connect(push, s.nowhere())
		s.send(push, "m")
		var unsent *socket.UnsentError
		if err := push.Close(); !errors.As(err, &unsent) || unsent.Messages != 1 {
			s.Fatalf("closing returned %v, want 1 unsent message", err)
		}
		late := s.push(quick())
		endpoint := s.nowhere()
		s.connect(late, endpoint)
		s.send(late, "m")
		closed := make(chan error, 1)
		go func() { closed <- late.Shutdown(s.ctx) }()
		pull := s.pull()
		s.bindAt(pull, endpoint)
		s.want(pull, "m")
		if err := <-closed; err != nil {
			s.Fatal(err)
		}
	})
}

// stalled is a transport whose listeners say a few octets and then nothing.
type stalled struct{ octets string }

func (stalled) Scheme() string { return "stalled" }

func (t stalled) Dial(context.Context, string) (net.Conn, error) {
	near, far := net.Pipe()
	go io.Copy(io.Discard, far)
	go io.WriteString(far, t.octets)
	return near, nil
}

func (stalled) Listen(context.Context, string) (net.Listener, error) {
	return nil, errors.ErrUnsupported
}
