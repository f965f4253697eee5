package socket

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// An attack is what a hostile peer sends, and what has to come of it: the
// connection ends, the event says why, and nobody else notices.
type attack struct {
	name   string
	octets []byte
	finish bool   // the attacker hangs up by itself
	is     error  // errors.Is of the reason; nil if no rule was broken
	says   string // a part of the reason
}

// A scene is a PULL that serves a friend while a hostile peer is at it.
type scene struct {
	t        *testing.T
	victim   *Pull
	endpoint string
	events   *watcher
	friend   *Push
	as       Option // how the friend and the newcomers speak
}

func newScene(t *testing.T, opts ...PullOption) *scene {
	t.Helper()
	s := &scene{t: t, victim: closing(t, must(NewPull(opts...))), friend: closing(t, must(NewPush())), as: Clear()}
	s.events = watch(t, s.victim)
	s.endpoint = linked(t, "tcp", s.victim, s.friend)
	return s
}

// served shows that the friend is still connected and served, that a newcomer
// is, and that nothing else has reached the application.
func (s *scene) served() {
	s.t.Helper()
	newcomer := closing(s.t, must(NewPush(s.as)))
	if err := newcomer.Connect(s.endpoint); err != nil {
		s.t.Fatal(err)
	}
	want := []string{"friend", "newcomer"}
	for i, from := range []*Push{s.friend, newcomer} {
		if err := from.Send(bounded(s.t), []byte(want[i])); err != nil {
			s.t.Fatal(err)
		}
	}
	var got []string
	for range want {
		got = append(got, s.recv()...)
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		s.t.Errorf("received %q, want %q", got, want)
	}
	if m, err := s.victim.TryRecv(); !errors.Is(err, ErrWouldBlock) {
		s.t.Errorf("received %v, %v beside that", m, err)
	}
	if st := s.friend.Stats(); st.Lost != 0 || st.Redials != 0 {
		s.t.Errorf("the friend lost %d connections and dialed again %d times", st.Lost, st.Redials)
	}
	balanced(s.t, "victim", s.victim.Stats())
}

func (s *scene) recv() []string {
	s.t.Helper()
	m, err := s.victim.Recv(bounded(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	return texts(m)
}

func texts(m Message) []string {
	frames := make([]string, len(m))
	for i, f := range m {
		frames[i] = string(f)
	}
	return frames
}

// refused holds the event of a refusal against what is expected of it.
func (a attack) refused(t testing.TB, e Event) {
	t.Helper()
	if e.Err == nil {
		t.Fatalf("event without a reason: %v", e)
	}
	for _, kind := range []error{ErrProtocol, ErrTooLarge} {
		if got, want := errors.Is(e.Err, kind), errors.Is(a.is, kind); got != want {
			t.Errorf("reason %q matches %q: %t, want %t", e.Err, kind, got, want)
		}
	}
	if !strings.Contains(e.Err.Error(), a.says) {
		t.Errorf("reason %q does not say %q", e.Err, a.says)
	}
}

// strike carries out one attack of a table and shows what came of it.
func (a attack) strike(t *testing.T, s *scene, r *raw, expect EventKind) {
	t.Helper()
	r.send(a.octets)
	if a.finish {
		r.finish()
	}
	r.ended()
	a.refused(t, s.events.await(expect.String(), about(expect, r.address())))
	s.served()
}

// TestHostileGreeting: what is no ZMTP 3 is refused at the first octet that
// tells, and never delivered.
func TestHostileGreeting(t *testing.T) {
	with := func(at int, octets ...byte) []byte {
		g := greeting(3, 1, "NULL")
		copy(g[at:], octets)
		return g
	}
	pad := strings.Repeat("\x00", 64)
	for _, a := range []attack{
		{name: "HTTP", octets: []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), is: ErrProtocol, says: "first octet 0x47"},
		{name: "HTTP preface", octets: []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), is: ErrProtocol, says: "first octet 0x50"},
		{name: "TLS", octets: []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + pad), is: ErrProtocol, says: "first octet 0x16"},
		{name: "SSH", octets: []byte("SSH-2.0-OpenSSH_9.9\r\n"), is: ErrProtocol, says: "first octet 0x53"},
		{name: "SMTP", octets: []byte("EHLO example.org\r\n"), is: ErrProtocol, says: "first octet 0x45"},
		{name: "telnet", octets: []byte("\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x21\xff\xfb\x22\xff\xfb\x27\xff\xfd\x05" + pad), is: ErrProtocol, says: "mechanism"},
		{name: "telnet, even", octets: []byte("\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xfe" + pad), is: ErrProtocol, says: "ZMTP 1.0"},
		{name: "zeros", octets: []byte(pad), is: ErrProtocol, says: "first octet 0x00"},
		{name: "ZMTP 1.0 anonymous", octets: []byte("\x01\x00\x06\x00hello"), is: ErrProtocol, says: "ZMTP 1.0"},
		{name: "ZMTP 1.0 long identity", octets: []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x02\x00a"), is: ErrProtocol, says: "ZMTP 1.0"},
		{name: "ZMTP 2.0", octets: []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08\x00\x00"), is: ErrProtocol, says: "ZMTP 2.0"},
		{name: "version 0", octets: greeting(0, 1, "NULL"), is: ErrProtocol, says: "ZMTP 1.0"},
		{name: "version 1.1", octets: greeting(1, 1, "NULL"), is: ErrProtocol, says: "ZMTP 2.0"},
		{name: "version 2.1", octets: greeting(2, 1, "NULL"), is: ErrProtocol, says: "ZMTP 2.0"},
		{name: "PLAIN", octets: greeting(3, 1, "PLAIN"), is: ErrProtocol, says: `"PLAIN"`},
		{name: "CURVE", octets: greeting(3, 1, "CURVE"), is: ErrProtocol, says: `"CURVE"`},
		{name: "longer name", octets: greeting(3, 1, "NULLX"), is: ErrProtocol, says: `"NULLX"`},
		{name: "one octet different", octets: greeting(3, 1, "NULM"), is: ErrProtocol, says: `"NULM"`},
		{name: "lower case", octets: greeting(3, 1, "null"), is: ErrProtocol, says: "mechanism"},
		{name: "last octet set", octets: with(31, 'X'), is: ErrProtocol, says: "mechanism"},
		{name: "no mechanism", octets: greeting(3, 1, ""), is: ErrProtocol, says: "mechanism"},
		{name: "nothing", finish: true, says: "peer closed"},
		{name: "one octet", octets: []byte{0xff}, finish: true, says: "peer closed"},
		{name: "63 octets", octets: greeting(3, 1, "NULL")[:63], finish: true, says: "peer closed"},
		{name: "greeting alone", octets: greeting(3, 1, "NULL"), finish: true, says: "peer closed"},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newScene(t)
			a.strike(t, s, dialRaw(t, s.endpoint), EventHandshakeFailed)
		})
	}
}

// TestHostileReady: the handshake has to be the one command it can be, whole,
// of a bounded size, and of a socket type that goes with ours.
func TestHostileReady(t *testing.T) {
	many := make([]string, 0, 130)
	for i := range 65 {
		many = append(many, "X-"+string(rune('A'+i/26))+string(rune('A'+i%26)), "")
	}
	const ours = "\x0bSocket-Type\x00\x00\x00\x04PUSH"
	for _, a := range []attack{
		{name: "message first", octets: message("early"), is: ErrProtocol, says: "a message frame"},
		{name: "PING first", octets: command("PING", "\x00\x00"), is: ErrProtocol, says: `"PING"`},
		{name: "SUBSCRIBE first", octets: command("SUBSCRIBE", ""), is: ErrProtocol, says: `"SUBSCRIBE"`},
		{name: "HELLO of another mechanism", octets: command("HELLO", "\x01a\x01b"), is: ErrProtocol, says: `"HELLO"`},
		{name: "ERROR", octets: command("ERROR", "\x04away"), is: ErrProtocol, says: `"away"`},
		{name: "ERROR cut off", octets: command("ERROR", "\x09away"), is: ErrProtocol, says: "ERROR"},
		{name: "empty command", octets: frame(control, nil), is: ErrProtocol, says: "command"},
		{name: "name over the body", octets: frame(control, []byte("\xffREADY")), is: ErrProtocol, says: "command"},
		{name: "command with MORE", octets: frame(control|more, []byte("\x05READY"+ours)), is: ErrProtocol, says: "frame"},
		{name: "reserved flag", octets: frame(control|8, []byte("\x05READY"+ours)), is: ErrProtocol, says: "frame"},
		{name: "size 2^63", octets: longHeader(control, 1<<63), is: ErrProtocol, says: "frame"},
		{name: "size 2^63-1", octets: longHeader(control, 1<<63-1), is: ErrTooLarge, says: "9223372036854775807"},
		{name: "metadata bomb", octets: longHeader(control, 16<<10+1), is: ErrTooLarge, says: "16385"},
		{name: "65 properties", octets: ready(many...), is: ErrTooLarge, says: "65 properties"},
		{name: "name length over the rest", octets: command("READY", "\xffSocket-Type"), is: ErrProtocol, says: "metadata"},
		{name: "value length over the rest", octets: command("READY", "\x0bSocket-Type\x00\x00\x00\x05PUSH"), is: ErrProtocol, says: "metadata"},
		{name: "value length 2^32-1", octets: command("READY", "\x0bSocket-Type\xff\xff\xff\xffPUSH"), is: ErrProtocol, says: "metadata"},
		{name: "one octet left over", octets: command("READY", ours+"\x00"), is: ErrProtocol, says: "metadata"},
		{name: "empty name", octets: command("READY", ours+"\x00\x00\x00\x00\x00"), is: ErrProtocol, says: "metadata"},
		{name: "illegal name", octets: ready("Socket-Type", "PUSH", "X-\n", "1"), is: ErrProtocol, says: "metadata"},
		{name: "repeated property", octets: ready("Socket-Type", "PUSH", "socket-type", "PUB"), is: ErrProtocol, says: "twice"},
		{name: "identity of 256 octets", octets: ready("Socket-Type", "PUSH", "Identity", strings.Repeat("i", 256)), is: ErrProtocol, says: "identity"},
		{name: "identity that begins with zero", octets: ready("Socket-Type", "PUSH", "Identity", "\x00abcd"), is: ErrProtocol, says: "identity"},
		{name: "unknown Socket-Type", octets: ready("Socket-Type", "PUSHY"), is: ErrProtocol, says: `"PUSHY"`},
		{name: "Socket-Type in lower case", octets: ready("Socket-Type", "push"), is: ErrProtocol, says: `"push"`},
		{name: "Socket-Type that does not go with ours", octets: ready("Socket-Type", "PUB"), is: ErrProtocol, says: `"PUB"`},
		{name: "cut off", octets: ready("Socket-Type", "PUSH")[:20], finish: true, says: "peer closed"},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newScene(t)
			r := dialRaw(t, s.endpoint)
			r.send(greeting(3, 1, "NULL"))
			a.strike(t, s, r, EventHandshakeFailed)
		})
	}
}

// TestHostileSocketTypeIsTold: the peer hears in an ERROR why it is refused
// before the connection ends (WT-44).
func TestHostileSocketTypeIsTold(t *testing.T) {
	s := newScene(t)
	r := dialRaw(t, s.endpoint)
	r.send(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSHY"))
	told := string(r.ended())
	if !strings.Contains(told, "\x05ERROR") || !strings.Contains(told, `socket type "PUSHY"`) {
		t.Errorf("the peer was told %q", told)
	}
	s.served()
}
