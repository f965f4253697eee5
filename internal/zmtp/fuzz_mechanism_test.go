package zmtp

import (
	"bytes"
	"slices"
	"testing"
)

// taken records the commands that a mechanism has accepted.
type taken struct {
	names    []string
	payloads [][]byte
}

func (k *taken) receive(m Mechanism, name string, payload []byte) error {
	payload = bytes.Clone(payload)
	err := m.Receive(name, payload)
	if err == nil {
		k.names, k.payloads = append(k.names, name), append(k.payloads, payload)
	}
	return err
}

type watchedClient struct {
	Mechanism
	*taken
}

func (w watchedClient) Receive(name string, payload []byte) error {
	return w.receive(w.Mechanism, name, payload)
}

type watchedServer struct {
	Asker
	*taken
}

func (w watchedServer) Receive(name string, payload []byte) error {
	return w.receive(w.Asker, name, payload)
}

// A scene is a handshake, an honest peer of it, and an attacker between the two,
// who does what a list of octets says.
type scene struct {
	h      *Handshake
	peer   Mechanism
	seen   *taken
	ours   []byte   // all that h has written
	honest [][]byte // frames that the peer has made
	err    error
	admits bool // the authenticator has been asked, and has said yes
	asked  []Request
}

func newScene(m, peer Mechanism) *scene {
	s := &scene{peer: peer, seen: new(taken)}
	var watched Mechanism = watchedClient{m, s.seen}
	if a, ok := m.(Asker); ok {
		watched = watchedServer{a, s.seen}
	}
	s.h = NewHandshake(Config{SocketType: "DEALER", Mechanism: watched, MaxCommand: 4 << 10})
	s.peer.Start(Metadata{{SocketTypeProperty, []byte("DEALER")}})
	s.h.Output() // our greeting
	s.give(AppendGreeting(nil, Greeting{Mechanism: m.Name()}))
	return s
}

// give gives octets to the handshake, whole, and what it writes to the peer. The
// peer, being honest, has an error for what it does not like, and goes on.
func (s *scene) give(b []byte) {
	for {
		n, err := s.h.Receive(b)
		s.err = err
		out := s.h.Output()
		s.ours = append(s.ours, out...)
		for len(out) > 0 {
			h, _ := ParseHeader(out)
			end := h.Len + int(h.Size)
			if name, payload, _ := ParseCommand(out[h.Len:end]); name != CommandError && s.peer.State() == Receiving {
				_ = s.peer.Receive(name, payload)
			}
			out = out[end:]
		}
		if a, ok := s.peer.(Asker); ok && a.State() == Waiting {
			a.Answer(Verdict{Status: StatusOK})
		}
		b = b[n:]
		if err != nil || n == 0 || len(b) == 0 {
			return
		}
	}
}

// next returns what the peer has to send, if anything.
func (s *scene) next() []byte {
	frame, err := s.peer.Output(nil)
	if err != nil || len(frame) == 0 {
		return nil
	}
	s.honest = append(s.honest, frame)
	return frame
}

// play does what the script says, one octet for what and some for how.
func (s *scene) play(script []byte) {
	arg := func() int {
		if len(script) == 0 {
			return 0
		}
		a := int(script[0])
		script = script[1:]
		return a
	}
	names := []string{commandHello, commandWelcome, commandInitiate, CommandReady, CommandError, "MESSAGE", "x"}
	for len(script) > 0 && s.err == nil && !s.h.Done() {
		switch arg() % 8 {
		case 0, 1: // the honest thing
			s.give(s.next())
		case 2: // the same, with an octet changed, or cut short
			if b := bytes.Clone(s.next()); len(b) > 0 {
				b[arg()%len(b)] ^= byte(arg())
				s.give(b)
			}
		case 3: // something again
			if n := len(s.honest); n > 0 {
				s.give(s.honest[arg()%n])
			}
		case 4: // a command of the attacker's own
			name, size := names[arg()%len(names)], arg()
			payload := script[:min(size, len(script))]
			script = script[len(payload):]
			s.give(append(appendCommand(nil, name, len(payload)), payload...))
		case 5: // our own words
			s.give(s.ours)
		case 6: // any octets
			b := script[:min(arg(), len(script))]
			script = script[len(b):]
			s.give(b)
		case 7: // the authenticator answers, if it was asked
			r, ok := s.h.Asked()
			v := Verdict{Status: []int{StatusOK, StatusOK, StatusDenied, StatusTemporary}[arg()%4]}
			s.h.Answer(v)
			if ok {
				s.asked = append(s.asked, r)
				s.admits = v.Status == StatusOK
			}
			s.give(nil)
		}
	}
}

// addScripts seeds f with the honest way through, and with ways off it; and with
// the sessions of libzmq as any octets.
func addScripts(f *testing.F, names ...string) {
	f.Helper()
	for _, server := range []bool{false, true} {
		f.Add(server, []byte{0, 7, 0, 0, 7, 0, 0})
		f.Add(server, []byte{0, 7, 2, 0, 3, 3})
		f.Add(server, []byte{0, 7, 1, 0, 2, 50, 1})
		f.Add(server, []byte{2, 100, 1})
		f.Add(server, []byte{0, 3, 0})
		f.Add(server, []byte{5, 0, 0, 5})
		f.Add(server, []byte("\x04\x00\x08\x03ann\x03tea\x07\x00\x04\x02\x00"))
		f.Add(server, []byte{4, 1, 0, 4, 3, 0})
		for _, name := range names {
			b := golden(f, name)[GreetingSize:]
			for len(b) > 0 {
				n := min(len(b), 255)
				f.Add(server, append([]byte{6, byte(n)}, b[:n]...))
				b = b[n:]
			}
		}
	}
}

// check holds what happened against the rules that hold for any mechanism, and
// returns whether the handshake is done.
func (s *scene) check(t *testing.T, server bool) bool {
	t.Helper()
	if s.h.Done() && s.err != nil {
		t.Fatalf("done, and %v", s.err)
	}
	if !s.h.Done() {
		if s.h.Cipher() != nil {
			t.Fatal("a cipher before the end")
		}
		return false
	}
	want := []string{commandWelcome, CommandReady}
	if server {
		want = []string{commandHello, commandInitiate}
	}
	if !slices.Equal(s.seen.names, want) {
		t.Fatalf("done after %q, want %q", s.seen.names, want)
	}
	if s.admits != server || len(s.asked) > 1 {
		t.Fatalf("done; admitted %v by an authenticator that was asked about %q", s.admits, s.asked)
	}
	return true
}

// The honest way through is one, so that what the fuzzing looks at is not empty.
func TestScriptsComeToAnEnd(t *testing.T) {
	for _, server := range []bool{false, true} {
		k := newCurveTalk(t)
		for _, pair := range [][2]Mechanism{{PlainClient("ann", "tea"), PlainServer()}, {k.client, k.server}} {
			if server {
				pair[0], pair[1] = pair[1], pair[0]
			}
			s := newScene(pair[0], pair[1])
			s.play([]byte{0, 7, 0, 0, 7, 0, 0})
			if !s.check(t, server) {
				t.Errorf("%s, server %v: not done, %v", pair[0].Name(), server, s.err)
			}
		}
	}
}

// PLAIN believes what it is told, but only in order, and with the credentials
// that the authenticator has seen.
func FuzzPlain(f *testing.F) {
	addScripts(f, "session_plain_server", "session_plain_client")
	f.Fuzz(func(t *testing.T, server bool, script []byte) {
		m, peer := PlainClient("ann", "tea"), PlainServer()
		if server {
			m, peer = peer, m
		}
		s := newScene(m, peer)
		s.play(script)
		if !s.check(t, server) || !server {
			return
		}
		c := s.asked[0].Credentials
		shown := slices.Concat([]byte{byte(len(c[0]))}, c[0], []byte{byte(len(c[1]))}, c[1])
		if !bytes.Equal(shown, s.seen.payloads[0]) {
			t.Fatalf("admitted %q for a HELLO of %q", c, s.seen.payloads[0])
		}
	})
}

// CURVE comes to an end with the honest peer and with its own words alone, all
// of them, in order and unchanged.
func FuzzCurve(f *testing.F) {
	addScripts(f, "session_curve_server", "session_curve_client")
	k := newCurveTalkWith(f, from(10), nil) // not those of the sessions
	f.Fuzz(func(t *testing.T, server bool, script []byte) {
		k.server.random = from(110)
		m, peer := k.clients(), k.servers()
		if server {
			m, peer = peer, m
		}
		s := newScene(m, peer)
		s.play(script)
		if server && s.err != nil && len(s.asked) == 0 && bytes.Contains(s.ours, []byte("\x05ERROR")) {
			t.Fatalf("a server that knows nobody says %q", s.ours)
		}
		if !s.check(t, server) {
			return
		}
		for i, payload := range s.seen.payloads {
			if len(s.honest) != 2 || !bytes.HasSuffix(s.honest[i], payload) {
				t.Fatalf("done with %x, the peer has sent %x", s.seen.payloads, s.honest)
			}
		}
		if server && !bytes.Equal(s.asked[0].Credentials[0], k.client.own.public[:]) {
			t.Fatalf("asked about %x", s.asked[0].Credentials)
		}
	})
}
