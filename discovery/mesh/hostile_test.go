package mesh

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// stranger is a socket that speaks to a node as it likes.
type stranger struct {
	*socket.Dealer
	id discovery.ID
}

func newStranger(t testing.TB, n *Node, id discovery.ID) *stranger {
	t.Helper()
	d, err := socket.NewDealer(socket.WithIdentity([]byte(id.String())), socket.WithLinger(0),
		socket.WithRedial(10*time.Millisecond, 20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Connect(n.Endpoints()[0]); err != nil {
		t.Fatal(err)
	}
	return &stranger{d, id}
}

func (s *stranger) say(t testing.TB, h header, body ...[]byte) {
	t.Helper()
	if err := s.Send(within(t), append([][]byte{h.encode()}, body...)...); err != nil {
		t.Fatal(err)
	}
}

// hear returns the next message of a kind.
func (s *stranger) hear(t testing.TB, k kind) (header, socket.Message) {
	t.Helper()
	for {
		m, err := s.Recv(within(t))
		if err != nil {
			t.Fatal(err)
		}
		h, err := parseHeader(m[0])
		if err != nil {
			t.Fatal(err)
		}
		if h.kind == k {
			return h, m[1:]
		}
	}
}

func introduction(id discovery.ID, change func(*state)) []byte {
	s := &state{Version: wireVersion, Mesh: "test", ID: id.String(), Incarnation: "1"}
	if change != nil {
		change(s)
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

// stillServed checks that two good nodes know and serve each other, and that
// neither ever doubted the other.
func stillServed(t *testing.T, a, b *Node) {
	t.Helper()
	m, err := a.Call(within(t), "echo", []byte("still"))
	if err != nil || string(m[0]) != "still" {
		t.Errorf("call: %v, %v", m, err)
	}
	for _, e := range append(a.History(), b.History()...) {
		if (e.Peer.ID == a.ID() || e.Peer.ID == b.ID()) && (e.Peer.State == Suspect || e.Peer.State == Gone) {
			t.Errorf("event %v", e)
		}
	}
}

func goodPair(t *testing.T) (a, b *Node) {
	t.Helper()
	var h hub
	ns := h.full(t, 2)
	if _, err := ns[1].Serve("echo", echo); err != nil {
		t.Fatal(err)
	}
	return ns[0], ns[1]
}

func TestHostileGarbage(t *testing.T) {
	a, b := goodPair(t)
	s := newStranger(t, b, discovery.NewID())
	bad := [][][]byte{
		{nil},
		{{1}},
		{{1, 0}},
		{{1, 200}},
		{{1, byte(kindCall)}},
		{{1, byte(kindCall), 1, 0, 4, 'e', 'c', 'h', 'o'}}, // before its HELLO
		{{1, byte(kindHello), 0}},
		{{1, byte(kindHello)}},
		{{1, byte(kindHello)}, nil, nil},
		{[]byte("\x01\x0b" + strings.Repeat("x", 100_000))},
	}
	for _, m := range bad {
		if err := s.Send(within(t), m...); err != nil {
			t.Fatal(err)
		}
	}
	for range 2000 {
		s.say(t, header{kind: kindReply, id: 7})
	}
	s.say(t, header{kind: kindHello}, introduction(s.id, nil))
	s.say(t, header{kind: kindCall, id: 1, name: "echo"}, []byte("x"))
	s.hear(t, kindReply) // it reformed
	if st := b.Stats(); st.Malformed+st.Ignored < 2008 {
		t.Errorf("malformed %d, ignored %d", st.Malformed, st.Ignored)
	}
	stillServed(t, a, b)
}

func TestHostileIntroduction(t *testing.T) {
	a, b := goodPair(t)
	tests := []struct {
		name   string
		change func(*state)
		body   []byte
		why    Reason
	}{
		{"another mesh", func(s *state) { s.Mesh = "other" }, nil, RefusedMesh},
		{"another realm", func(s *state) { s.Realm = "other" }, nil, RefusedRealm},
		{"another version", func(s *state) { s.Version = 2 }, nil, RefusedVersion},
		{"the id of another", func(s *state) { s.ID = a.ID().String() }, nil, RefusedIdentity},
		{"no id", func(s *state) { s.ID = "" }, nil, RefusedIdentity},
		{"no incarnation", func(s *state) { s.Incarnation = "" }, nil, RefusedState},
		{"not JSON", nil, []byte("{"), RefusedState},
		{"giant", nil, []byte(`{"name":"` + strings.Repeat("x", 20<<20) + `"}`), RefusedState},
		{"deep", nil, []byte(strings.Repeat("[", 60_000)), RefusedState},
		{"many groups", func(s *state) { s.Groups = strings.Split(strings.Repeat("g,", 1001), ",") }, nil, RefusedState},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := b.Presence(t.Context())
			defer w.Close()
			s := newStranger(t, b, discovery.NewID())
			body := tt.body
			if body == nil {
				body = introduction(s.id, tt.change)
			}
			s.say(t, header{kind: kindHello}, body)
			if h, _ := s.hear(t, kindRefuse); Reason(h.code) != tt.why {
				t.Errorf("refused because of %v, want %v", Reason(h.code), tt.why)
			}
			if e := next(t, w, s.id, Gone, Up); e.Reason != tt.why {
				t.Errorf("event %v", e)
			}
			before := b.Stats().Ignored
			s.say(t, header{kind: kindHello}, introduction(s.id, nil)) // too late
			s.say(t, header{kind: kindWhisper}, []byte("x"))
			eventuallyIgnored(t, b, before+2)
			if _, ok := b.Peer(s.id); ok {
				t.Error("it was let in")
			}
		})
	}
	stillServed(t, a, b)
}

func eventuallyIgnored(t testing.TB, n *Node, messages uint64) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ctx := within(t); n.Stats().Ignored < messages; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d messages ignored, want %d", n.Stats().Ignored, messages)
		}
	}
}

func TestHeaderOfAnotherVersionIsRefused(t *testing.T) {
	a, b := goodPair(t)
	s := newStranger(t, b, discovery.NewID())
	if err := s.Send(within(t), []byte{2, byte(kindHello)}, []byte("whatever")); err != nil {
		t.Fatal(err)
	}
	if h, _ := s.hear(t, kindRefuse); Reason(h.code) != RefusedVersion {
		t.Errorf("refused because of %v", Reason(h.code))
	}
	stillServed(t, a, b)
}

// Who comes with the identity of a peer that is linked is not let in, and the
// peer does not notice.
func TestForgedIdentity(t *testing.T) {
	a, b := goodPair(t)
	s := newStranger(t, b, a.ID())
	m := s.Monitor()
	defer m.Close()
	for refused := 0; refused < 5; {
		e, err := m.Next(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == socket.EventHandshakeFailed || e.Kind == socket.EventDisconnected {
			refused++
		}
	}
	stillServed(t, a, b)
}

// Those who come with the identity of the node itself are turned away.
func TestOwnIdentityForged(t *testing.T) {
	a, b := goodPair(t)
	s := newStranger(t, b, b.ID())
	s.say(t, header{kind: kindHello}, introduction(b.ID(), nil))
	if h, _ := s.hear(t, kindRefuse); Reason(h.code) != RefusedIdentity {
		t.Errorf("refused because of %v", Reason(h.code))
	}
	if all := b.History(); !errors.Is(all[len(all)-1].Err, ErrConflict) {
		t.Errorf("the last event is %v", all[len(all)-1])
	}
	stillServed(t, a, b)
}
