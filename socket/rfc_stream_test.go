package socket_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/plain"
)

func (s *stage) stream(opts ...socket.StreamOption) *socket.Stream {
	return open(s, socket.NewStream, opts)
}

// notice receives the notice that a connection is there, or has ended, and
// returns its routing id.
func (s *stage) notice(x socket.Receiver) (id string) {
	s.Helper()
	m := s.recv(x)
	if len(m) != 2 || m[1] != "" {
		s.Fatalf("received %.100q, want a notice", m)
	}
	if len(m[0]) != 5 || m[0][0] != 0 {
		s.Fatalf("routing id %q, want five octets, the first of them zero", m[0])
	}
	return m[0]
}

// data receives data of a connection until it has n octets.
func (s *stage) data(x socket.Receiver, id string, n int) string {
	s.Helper()
	var b strings.Builder
	for b.Len() < n {
		m := s.recv(x)
		if len(m) != 2 || m[0] != id || m[1] == "" {
			s.Fatalf("received %.100q, want data of %q", m, id)
		}
		b.WriteString(m[1])
	}
	return b.String()
}

func TestRFCStream(t *testing.T) {
	showWire(t, "ST-01 octets come and go as they are, with a routing id", func(s *stage) {
		x := s.stream()
		w := s.dial(s.bind(x))
		id := s.notice(x)
		w.write("GET / HTTP/1.0\r\n\r\n")
		s.want(x, id, "GET / HTTP/1.0\r\n\r\n")
		s.send(x, id, "HTTP/1.0 200 OK\r\n\r\n")
		s.send(x, id, strings.Repeat("x", 100_000))
		if err := x.SendTo(s.ctx, socket.PeerID(id), []byte("end")); err != nil {
			s.Fatal(err)
		}
		w.expect("HTTP/1.0 200 OK\r\n\r\n", strings.Repeat("x", 100_000), "end")

		l, endpoint := s.listen()
		y := s.stream()
		s.connect(y, endpoint)
		there := s.accept(l)
		to := s.notice(y)
		s.send(y, to, "hello")
		there.expect("hello")
		there.write("world")
		s.want(y, to, "world")
	})

	showWire(t, "ST-01 no transport without octets, and no mechanism of ZMTP", func(s *stage) {
		x := s.stream()
		_, bound := x.Bind("inproc://stream")
		for _, err := range []error{bound, x.Connect("inproc://stream")} {
			s.matches(err, socket.ErrEndpoint)
			s.says(err, "in process")
		}
		_, err := socket.NewStream(authenticator(nil))
		s.matches(err, socket.ErrOption)
		_, err = socket.NewStream(socket.WithSecurity(plain.Client("ann", "tea")))
		s.matches(err, socket.ErrOption)
	})

	showWire(t, "ST-02 a message without data tells that a connection is there, or has ended", func(s *stage) {
		x := s.stream()
		endpoint := s.bind(x)
		w := s.dial(endpoint)
		id := s.notice(x)
		w.write("last words")
		w.Close()
		s.want(x, id, "last words")
		s.want(x, id, "")
		again := s.dial(endpoint)
		if s.notice(x) == id {
			s.Error("a new connection has the id of the one before")
		}
		again.Close()

		quiet := s.stream(socket.WithoutNotices())
		m := quiet.Monitor()
		w = s.dial(s.bind(quiet))
		peer := s.event(m, socket.EventReady).Peer
		w.write("data")
		s.want(quiet, string(peer.ID), "data")
		w.Close()
		s.event(m, socket.EventDisconnected)
		s.empty(quiet)
	})

	showWire(t, "ST-03 empty data ends the connection, and a dead id is an error", func(s *stage) {
		x := s.stream()
		w := s.dial(s.bind(x))
		id := s.notice(x)
		large := strings.Repeat("large", 1<<20)
		s.send(x, id, large)
		s.send(x, id, "last")
		s.send(x, id, "")
		s.matches(x.Send(s.ctx, []byte(id), []byte("too late")), socket.ErrNoRoute)
		s.matches(x.Send(s.ctx, []byte(id), nil), socket.ErrNoRoute)
		s.matches(x.TrySend([]byte("\x00none"), nil), socket.ErrNoRoute)
		got, err := io.ReadAll(w)
		if err != nil || string(got) != large+"last" {
			s.Fatalf("%d octets before the end, %v, want %d", len(got), err, len(large)+4)
		}
		w.Close()
		s.want(x, id, "")

		// On the side that connects, it is the end of connecting, too.
		l, endpoint := s.listen()
		y := s.stream(quick())
		m := y.Monitor()
		s.connect(y, endpoint)
		there := s.accept(l)
		to := s.notice(y)
		s.send(y, to, "")
		there.closed()
		s.event(m, socket.EventDisconnected)
		s.matches(y.Disconnect(endpoint), socket.ErrEndpoint)
	})

	showWire(t, "ST-04 data has no boundaries, and there are two frames", func(s *stage) {
		x := s.stream(socket.WithMaxMessageSize(10))
		w := s.dial(s.bind(x))
		id := s.notice(x)
		sent := strings.Repeat("0123456789abcdef", 8193) // a chunk has at most 64 KiB
		go func() { _, _ = io.WriteString(w, sent) }()
		if got := s.data(x, id, len(sent)); got != sent {
			s.Error("other octets came")
		}
		for _, frames := range [][][]byte{{}, {[]byte(id)}, {[]byte(id), []byte("a"), []byte("b")}, {[]byte(id), nil, nil}} {
			s.matches(x.Send(s.ctx, frames...), socket.ErrMessage)
		}
		s.send(x, id, "ab")
		s.send(x, id, "cd")
		w.expect("abcd")
		s.matches(x.Send(s.ctx, []byte(id), make([]byte, 11)), socket.ErrTooLarge)
	})

	showWire(t, "ST-05 ids are five octets, the first zero, and told by the notice and the event", func(s *stage) {
		l, endpoint := s.listen()
		x := s.stream(quick())
		m := x.Monitor()
		s.connect(x, endpoint)
		w := s.accept(l)
		id := s.notice(x)
		equal(s, "id in the event", string(s.event(m, socket.EventReady).Peer.ID), id)
		w.Close() // a connection that is made again has another
		s.accept(l)
		if one, other := s.notice(x), s.notice(x); one == other || one != id && other != id {
			s.Errorf("notices of %q and %q, want one of %q and one of another", one, other, id)
		}
	})

	showWire(t, "ST-06 the address of the peer comes with each message", func(s *stage) {
		x := s.stream()
		endpoint := s.bind(x)
		w := s.dial(endpoint)
		w.write("data")
		for range 2 {
			m, p, err := x.RecvFrom(s.ctx)
			if err != nil {
				s.Fatal(err)
			}
			equal(s, "id", string(p.ID), string(m[0]))
			equal(s, "address", p.RemoteAddr, w.LocalAddr().String())
			equal(s, "own address", p.LocalAddr, w.RemoteAddr().String())
			equal(s, "version and mechanism", p.Version+p.Mechanism+p.SocketType, "")
		}
	})
}

func TestStreamPeers(t *testing.T) {
	showWire(t, "a connection given to it, or a listener, will do", func(s *stage) {
		x := s.stream()
		near, far := net.Pipe()
		if err := x.AttachConn(near); err != nil {
			s.Fatal(err)
		}
		w := s.wire(far)
		id := s.notice(x)
		s.send(x, id, "hello")
		w.expect("hello")
		w.write("world")
		s.want(x, id, "world")
		l, endpoint := s.listen()
		if err := x.BindListener(l); err != nil {
			s.Fatal(err)
		}
		w = s.dial(endpoint)
		id = s.notice(x)
		s.send(x, id, "hello")
		w.expect("hello")
	})

	showWire(t, "a wait for room ends with the connection", func(s *stage) {
		x := s.stream(socket.WithSendHWM(1))
		w := s.dial(s.bind(x))
		id := s.notice(x)
		large := bytes.Repeat([]byte("x"), 1<<20)
		done := make(chan error, 1)
		go func() {
			for {
				if err := x.Send(s.ctx, []byte(id), large); err != nil {
					done <- err
					return
				}
			}
		}()
		s.until("it waits", func() bool { return x.Stats().Out.Queued > 0 })
		if c, ok := w.Conn.(interface{ SetLinger(sec int) error }); ok {
			_ = c.SetLinger(0) // a reset, where there are such
		}
		w.Close()
		s.matches(<-done, socket.ErrNoRoute)
		s.want(x, id, "")
		if out := x.Stats().Out; out.Messages != out.Delivered+out.Dropped.Total()+uint64(out.Queued) {
			s.Errorf("%d messages, %d delivered, dropped %v, queued %d", out.Messages, out.Delivered, out.Dropped, out.Queued)
		}
	})
}
