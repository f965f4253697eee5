package socket

import (
	"bytes"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// A rawServer accepts connections and does with each what it is told.
type rawServer struct {
	t *testing.T
	l net.Listener
}

func newRawServer(t *testing.T) *rawServer {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { l.Close() })
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &rawServer{t, l}
}

func (s *rawServer) endpoint() string { return "tcp://" + s.l.Addr().String() }

func (s *rawServer) accept() *raw {
	s.t.Helper()
	c, err := s.l.Accept()
	if err != nil {
		s.t.Fatalf("nobody comes: %v", err)
	}
	return newRaw(s.t, c)
}

// TestHostileServer: on the connecting side too, a server that breaks the rules
// is left with the reason, and tried again, and its messages are welcome once
// it keeps them. A good server that the socket is connected to notices nothing.
func TestHostileServer(t *testing.T) {
	const rounds = 3
	hello := append(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH")...)
	after := func(octets ...byte) []byte { return append(bytes.Clone(hello), octets...) }
	for _, a := range []attack{
		{name: "hangs up at once", finish: true, says: ""},
		{name: "hangs up in the greeting", octets: hello[:30], finish: true, says: "peer closed"},
		{name: "hangs up in READY", octets: hello[:70], finish: true, says: "peer closed"},
		{name: "HTTP", octets: []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), is: ErrProtocol, says: "first octet"},
		{name: "ZMTP 2.0", octets: []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08"), is: ErrProtocol, says: "ZMTP 2.0"},
		{name: "CURVE", octets: greeting(3, 1, "CURVE"), is: ErrProtocol, says: `"CURVE"`},
		{name: "READY of 2^40", octets: append(greeting(3, 1, "NULL"), longHeader(control, 1<<40)...), is: ErrTooLarge, says: "1099511627776"},
		{name: "WELCOME", octets: append(greeting(3, 1, "NULL"), command("WELCOME", strings.Repeat("c", 160))...), is: ErrProtocol, says: `"WELCOME"`},
		{name: "ERROR", octets: append(greeting(3, 1, "NULL"), command("ERROR", "\x04away")...), is: ErrProtocol, says: `"away"`},
		{name: "wrong type", octets: append(greeting(3, 1, "NULL"), ready("Socket-Type", "ROUTER")...), is: ErrProtocol, says: `"ROUTER"`},
		{name: "message of 2^62", octets: after(longHeader(0, 1<<62)...), is: ErrTooLarge, says: "4611686018427387904"},
		{name: "reserved flags", octets: after(0xf8, 0), is: ErrProtocol, says: "frame"},
		{name: "half a message", octets: after(frame(more, []byte("half"))...), finish: true, says: "peer closed"},
	} {
		t.Run(a.name, func(t *testing.T) {
			client := closing(t, must(NewPull(WithRedial(time.Millisecond, 5*time.Millisecond))))
			friend := closing(t, must(NewPush()))
			linked(t, "tcp", friend, client)
			events := watch(t, client)
			server := newRawServer(t)
			if err := client.Connect(server.endpoint()); err != nil {
				t.Fatal(err)
			}
			for range rounds {
				r := server.accept()
				r.send(a.octets)
				if a.finish {
					r.finish()
				}
				r.ended()
				ended := func(e Event) bool {
					return (e.Kind == EventHandshakeFailed || e.Kind == EventDisconnected) && e.Remote == server.l.Addr().String()
				}
				a.refused(t, events.await("refusal", ended))
				redial := events.await("redial", kind(EventRedial))
				if redial.Delay <= 0 || redial.Delay > 5*time.Millisecond {
					t.Errorf("again in %v", redial.Delay)
				}
				events.seen = nil
			}
			r := server.accept()
			r.meet("PUSH")
			r.send(message("good", "at last"))
			m, err := client.Recv(bounded(t))
			if err != nil || !slices.Equal(texts(m), []string{"good", "at last"}) {
				t.Fatalf("received %v, %v", m, err)
			}
			exchange(t, friend, client, "friend")
			if st := friend.Stats(); st.Lost != 0 {
				t.Errorf("the friend lost %d connections", st.Lost)
			}
			if m, err := client.TryRecv(); !errors.Is(err, ErrWouldBlock) {
				t.Errorf("received %v, %v beside that", m, err)
			}
			if st := client.Stats(); st.Redials < rounds {
				t.Errorf("%d redials, want %d or more", st.Redials, rounds)
			}
		})
	}
}

// TestHostileServerKeepsMessages: what is queued for a server that never lets
// the handshake end waits until it does.
func TestHostileServerKeepsMessages(t *testing.T) {
	client := closing(t, must(NewPush(WithRedial(time.Millisecond, 5*time.Millisecond))))
	server := newRawServer(t)
	if err := client.Connect(server.endpoint()); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"one", "two"} {
		if err := client.Send(bounded(t), []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		r := server.accept()
		r.send(greeting(3, 1, "NULL"))
		r.Close()
	}
	r := server.accept()
	r.meet("PULL")
	for _, want := range []string{"one", "two"} {
		if got := r.message(); !slices.Equal(got, []string{want}) {
			t.Fatalf("received %q, want %q", got, want)
		}
	}
}

// TestHostileRequestServer: a REP whose answers have no envelope is not believed, and what it
// says twice is said once.
func TestHostileRequestServer(t *testing.T) {
	client := closing(t, must(NewReq()))
	server := newRawServer(t)
	if err := client.Connect(server.endpoint()); err != nil {
		t.Fatal(err)
	}
	r := server.accept()
	r.meet("REP")
	answer := make(chan Message, 1)
	go func() {
		m, err := client.Request(t.Context(), []byte("question"))
		if err != nil {
			t.Error(err)
		}
		answer <- m
	}()
	if got := r.message(); !slices.Equal(got, []string{"", "question"}) {
		t.Fatalf("received %q", got)
	}
	r.send(message("no delimiter"), message("not", "", "first"), frame(0, nil), message("", "answer"), message("", "once more"))
	if got := texts(<-answer); !slices.Equal(got, []string{"answer"}) {
		t.Errorf("answer %q", got)
	}
}
