package zmtp

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// feed gives b to h in pieces of at most size octets, with everything written
// in between collected, and returns what h wrote, what it left of b, and how it
// ended.
func feed(h *Handshake, b []byte, size int) (out, rest []byte, err error) {
	out = h.Output()
	for err == nil && !h.Done() && len(b) > 0 {
		piece := b[:min(size, len(b))]
		var n int
		n, err = h.Receive(piece)
		out = append(out, h.Output()...)
		b = b[n:]
		if n == 0 {
			break
		}
	}
	return out, b, err
}

// pieces are the sizes in which octets arrive.
var pieces = []int{1, 2, 7, 64, 65, 1 << 20}

func nullGreeting() []byte { return AppendGreeting(nil, Greeting{Mechanism: "NULL"}) }

func readyOf(socketType string, more ...Property) []byte {
	return AppendReady(nil, append(Metadata{{SocketTypeProperty, []byte(socketType)}}, more...))
}

// The handshakes that libzmq speaks: all octets are consumed, none of the
// traffic behind them is, and every proper prefix only asks for more.
func TestHandshakeWithLibzmq(t *testing.T) {
	for _, tt := range []struct {
		ready string
		want  Peer
	}{
		{"ready_pair", Peer{SocketType: "PAIR"}},
		{"ready_pub", Peer{SocketType: "PUB"}},
		{"ready_sub", Peer{SocketType: "SUB"}},
		{"ready_req", Peer{SocketType: "REQ", Identity: []byte{}}},
		{"ready_rep", Peer{SocketType: "REP"}},
		{"ready_dealer", Peer{SocketType: "DEALER", Identity: []byte{}}},
		{"ready_router", Peer{SocketType: "ROUTER", Identity: []byte{}}},
		{"ready_pull", Peer{SocketType: "PULL"}},
		{"ready_push", Peer{SocketType: "PUSH"}},
		{"ready_xpub", Peer{SocketType: "XPUB"}},
		{"ready_xsub", Peer{SocketType: "XSUB"}},
		{"ready_identity", Peer{SocketType: "DEALER", Identity: []byte("hello")}},
		{"ready_metadata", Peer{SocketType: "ROUTER", Identity: append([]byte{1}, repeat('i', 254)...)}},
	} {
		t.Run(tt.ready, func(t *testing.T) {
			b := slices.Concat(golden(t, "greeting_identity"), golden(t, tt.ready))
			traffic := golden(t, "multipart")
			for _, size := range pieces {
				h := NewHandshake(Config{SocketType: "DEALER", SendIdentity: true})
				out, rest, err := feed(h, slices.Concat(b, traffic), size)
				if err != nil || !h.Done() || !bytes.Equal(rest, traffic) {
					t.Fatalf("pieces of %d: error %v, done %v, left %x", size, err, h.Done(), rest)
				}
				if want := slices.Concat(golden(t, "greeting"), golden(t, "ready_dealer")); !bytes.Equal(out, want) {
					t.Errorf("pieces of %d: wrote %x, want %x", size, out, want)
				}
				got := h.Peer()
				if got.Major != 3 || got.Minor != 1 || got.Mechanism != "NULL" || got.SocketType != tt.want.SocketType ||
					!bytes.Equal(got.Identity, tt.want.Identity) || (got.Identity == nil) != (tt.want.Identity == nil) {
					t.Errorf("pieces of %d: peer %+v, want %+v", size, got, tt.want)
				}
				if h.buf != nil {
					t.Errorf("pieces of %d: a buffer of %d is kept", size, cap(h.buf))
				}
				if again := AppendReady(nil, got.Properties); !bytes.Equal(again, golden(t, tt.ready)) {
					t.Errorf("pieces of %d: properties %v", size, got.Properties)
				}
				if id, _ := got.Properties.Lookup("Identity"); len(id) > 0 && &id[0] == &got.Identity[0] {
					t.Errorf("pieces of %d: the identity holds on to all metadata", size)
				}
			}
			for n := range len(b) {
				h := NewHandshake(Config{SocketType: "DEALER"})
				if _, rest, err := feed(h, b[:n], n); err != nil || h.Done() || len(rest) > 0 {
					t.Fatalf("%d of %d octets: error %v, done %v, left %d", n, len(b), err, h.Done(), len(rest))
				}
			}
		})
	}
}

// WT-07: the greeting is there at once and whole. WT-04, WT-54: READY follows
// the peer's greeting, before its READY.
func TestHandshakeSpeaksFirst(t *testing.T) {
	h := NewHandshake(Config{SocketType: "PUSH"})
	if out := h.Output(); !bytes.Equal(out, golden(t, "greeting")) {
		t.Errorf("before anything was received: %x", out)
	}
	if out := h.Output(); out != nil {
		t.Errorf("the greeting again: %x", out)
	}
	if n, err := h.Receive(nullGreeting()[:63]); n != 63 || err != nil || h.Output() != nil {
		t.Errorf("63 octets: consumed %d, %v", n, err)
	}
	if n, err := h.Receive(nullGreeting()[63:]); n != 1 || err != nil || h.Done() {
		t.Errorf("last octet: consumed %d, %v, done %v", n, err, h.Done())
	}
	if out := h.Output(); !bytes.Equal(out, golden(t, "ready_push")) {
		t.Errorf("after the greeting: %x, want READY", out)
	}
	if n, err := h.Receive(readyOf("PULL")); n == 0 || err != nil || !h.Done() || h.Output() != nil {
		t.Errorf("READY: consumed %d, %v, done %v", n, err, h.Done())
	}
	if n, err := h.Receive([]byte("traffic")); n != 0 || err != nil {
		t.Errorf("after the handshake: consumed %d, %v", n, err)
	}
}

// WT-01, WT-11: every version from 3.0 up is served, and told apart.
func TestHandshakeVersions(t *testing.T) {
	for _, tt := range []struct {
		major, minor byte
		has31        bool
	}{{3, 0, false}, {3, 1, true}, {3, 2, true}, {4, 0, true}, {255, 255, true}} {
		h := NewHandshake(Config{SocketType: "PUB"})
		_, _, err := feed(h, append(patched(10, tt.major, tt.minor), readyOf("SUB")...), 1)
		if p := h.Peer(); err != nil || !h.Done() || p.Major != tt.major || p.Minor != tt.minor || p.AtLeast(3, 1) != tt.has31 {
			t.Errorf("%d.%d: %v, done %v, peer %+v", tt.major, tt.minor, err, h.Done(), p)
		}
	}
}

func TestHandshakeRefuses(t *testing.T) {
	property := func(name, value string) []byte {
		return readyOf("DEALER", Property{name, []byte(value)})
	}
	errIncompatible := errors.New("PUB does not go with PULL")
	tests := []struct {
		name   string
		in     []byte
		config Config
		want   error
		says   string // ERROR that is sent; "" for none, "*" for any
	}{
		{"HTTP", []byte("GET / HTTP/1.1\r\n\r\n"), Config{}, &ProtocolError{Kind: BadGreeting}, ""},
		{"WT-18 1.0", []byte("\x01\x00\x08\x00sneaky\x00"), Config{}, &VersionError{1, 0, 0, 1}, ""},
		{"2.0", patched(10, 1, 7)[:12], Config{}, &VersionError{2, 0, 10, 1}, ""},
		{"WT-09 mechanism", AppendGreeting(nil, Greeting{Mechanism: "PLAIN"}), Config{}, &MechanismError{"NULL", "PLAIN"}, ""},
		{
			"WT-09 last of 20 octets", AppendGreeting(nil, Greeting{Mechanism: "CHALLENGE0000000000X"}),
			Config{Mechanism: new(challenge)},
			&MechanismError{"CHALLENGE", "CHALLENGE0000000000X"}, "",
		},
		{
			"two servers", AppendGreeting(nil, Greeting{Mechanism: "CHALLENGE", AsServer: true}),
			Config{Mechanism: &challenge{server: true}},
			&ProtocolError{Kind: BadGreeting}, "",
		},
		{"WT-55 message", after(golden(t, "message_1")), Config{}, &ProtocolError{Kind: UnexpectedCommand}, "*"},
		{"WT-34 PING", after(golden(t, "ping")), Config{}, &ProtocolError{Kind: UnexpectedCommand}, "*"},
		{"WT-34 unknown", after(AppendFrame(nil, FlagCommand, []byte("\x03FOO"))), Config{}, &ProtocolError{Kind: UnexpectedCommand}, "*"},
		{"no command name", after(AppendFrame(nil, FlagCommand, nil)), Config{}, &ProtocolError{Kind: BadCommand}, "*"},
		{"WT-22 MORE on a command", after([]byte{5}), Config{}, &ProtocolError{Kind: BadFrame}, "*"},
		{"size of 2^63", after([]byte{6, 0x80}), Config{}, &ProtocolError{Kind: BadFrame}, "*"},
		{"WT-29 size of 2^62", after([]byte{6, 0x40, 0, 0, 0, 0, 0, 0, 0}), Config{}, &ProtocolError{Kind: TooLarge}, "*"},
		{"WT-56 metadata", after(AppendFrame(nil, FlagCommand, []byte("\x05READYx"))), Config{}, &ProtocolError{Kind: BadMetadata}, "*"},
		{
			"WT-42 Identity twice", after(readyOf("DEALER", Property{"Identity", nil}, Property{"identity", []byte("b")})),
			Config{},
			&ProtocolError{Kind: BadMetadata}, "*",
		},
		{"WT-49 identity of 256", after(property("Identity", strings.Repeat("i", 256))), Config{}, &ProtocolError{Kind: BadMetadata}, "*"},
		{"WT-49 zero first", after(property("identity", "\x00abc")), Config{}, &ProtocolError{Kind: BadMetadata}, "*"},
		{"WT-57 ERROR", after(golden(t, "error")), Config{}, &PeerError{"400"}, ""},
		{"WT-57 empty ERROR", after(AppendError(nil, "")), Config{}, &PeerError{}, ""},
		{"WT-59 ERROR over the end", after(AppendFrame(nil, FlagCommand, []byte("\x05ERROR\x04400"))), Config{}, &ProtocolError{Kind: BadCommand}, ""},
		{"WT-66 ERROR without a length", after(AppendFrame(nil, FlagCommand, []byte("\x05ERRORinvalid"))), Config{}, &ProtocolError{Kind: BadCommand}, ""},
		{
			"WT-44 not admitted", after(readyOf("PULL")),
			Config{Admit: func(Peer) error { return errIncompatible }},
			errIncompatible, errIncompatible.Error(),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var first string
			for i, size := range pieces {
				config := tt.config
				h := NewHandshake(config)
				greeting := AppendGreeting(nil, Greeting{Mechanism: h.mech.Name(), AsServer: h.mech.AsServer()})
				out, _, err := feed(h, tt.in, size)
				if !errors.Is(err, tt.want) && !equalError(err, tt.want) {
					t.Fatalf("pieces of %d: error %v, want %v", size, err, tt.want)
				}
				if i == 0 {
					first = err.Error()
				} else if err.Error() != first {
					t.Errorf("pieces of %d: error %q, in single octets %q", size, err, first)
				}
				rest, whole := bytes.CutPrefix(out, greeting) // all of it, whatever comes
				rest, _ = bytes.CutPrefix(rest, AppendReady(nil, config.metadata()))
				if said := reasonOf(t, rest); !whole || said != tt.says && (tt.says != "*" || said == "") {
					t.Errorf("pieces of %d: wrote %q, want ERROR %q", size, out, tt.says)
				}
				if n, again := h.Receive([]byte("more")); n != 0 || !errors.Is(again, err) || h.Output() != nil || h.Done() {
					t.Errorf("pieces of %d: then consumed %d, %v, done %v", size, n, again, h.Done())
				}
			}
		})
	}
}

// after returns a NULL greeting and then b.
func after(b []byte) []byte { return append(nullGreeting(), b...) }

// equalError compares by kind a ProtocolError, by value the other types.
func equalError(got, want error) bool {
	var gotMech, wantMech *MechanismError
	var gotPeer, wantPeer *PeerError
	switch {
	case errors.As(want, &wantMech):
		return errors.As(got, &gotMech) && *gotMech == *wantMech
	case errors.As(want, &wantPeer):
		return errors.As(got, &gotPeer) && *gotPeer == *wantPeer
	}
	return sameRefusal(got, want)
}

// reasonOf returns the reason of the one ERROR frame that b is, "" if empty.
func reasonOf(t *testing.T, b []byte) string {
	t.Helper()
	if len(b) == 0 {
		return ""
	}
	name, payload, err := ParseCommand(body(t, b))
	if err != nil || name != CommandError {
		t.Fatalf("%x is no ERROR: %q, %v", b, name, err)
	}
	reason, err := ParseError(payload)
	if err != nil {
		t.Fatal(err)
	}
	return reason
}

// What a peer may leave out or add without harm.
func TestHandshakeAccepts(t *testing.T) {
	for name, in := range map[string][]byte{
		"WT-43 no Socket-Type":   after(AppendReady(nil, nil)),
		"WT-39 other case":       after(AppendReady(nil, Metadata{{"SOCKET-type", []byte("PULL")}})),
		"WT-53 Resource":         after(readyOf("PULL", Property{"Resource", []byte("a/b")})),
		"WT-49 identity of 255":  after(readyOf("DEALER", Property{"Identity", repeat('i', 255)})),
		"G-3 Identity of a PULL": after(readyOf("PULL", Property{"Identity", []byte("uuid")})),
		"WT-24 LONG and small":   after(slices.Concat([]byte{6, 0, 0, 0, 0, 0, 0, 0, 6}, []byte("\x05READY"))),
		"WT-08 as-server":        append(patched(32, 1), readyOf("PULL")...),
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range pieces {
				h := NewHandshake(Config{SocketType: "PUSH"})
				if _, rest, err := feed(h, in, size); err != nil || !h.Done() || len(rest) > 0 {
					t.Errorf("pieces of %d: error %v, done %v, left %d", size, err, h.Done(), len(rest))
				}
			}
		})
	}
}

// The limit counts the body of a command: at it and one over it, as set and by
// default.
func TestHandshakeLimit(t *testing.T) {
	for _, limit := range []int{0, 100, 1000, 1 << 20} {
		size := limit
		if limit == 0 {
			size = DefaultMaxCommand
		}
		for over := range 2 {
			ready := readyOf("PULL", Property{"X-a", nil})
			value := size + over - len(body(t, ready))
			in := after(readyOf("PULL", Property{"X-a", repeat('v', value)}))
			h := NewHandshake(Config{MaxCommand: limit})
			if _, _, err := feed(h, in, len(in)); kindOf(err) != Kind(over)*TooLarge || h.Done() == (over == 1) {
				t.Errorf("limit %d, %d over it: error %v, done %v", limit, over, err, h.Done())
			}
		}
	}
}

// Admit sees the whole peer; its reason is cut to what an ERROR holds.
func TestHandshakeAdmit(t *testing.T) {
	long := errors.New(strings.Repeat("r", 300))
	var seen []Peer
	h := NewHandshake(Config{SocketType: "PUB", Admit: func(p Peer) error {
		seen = append(seen, p)
		return long
	}})
	out, _, err := feed(h, append(patched(11, 0), readyOf("PULL", Property{"Identity", []byte("me")})...), 1)
	if !errors.Is(err, long) {
		t.Errorf("error %v, want Admit's", err)
	}
	if len(seen) != 1 || seen[0].SocketType != "PULL" || string(seen[0].Identity) != "me" || seen[0].AtLeast(3, 1) {
		t.Errorf("Admit saw %+v", seen)
	}
	if !bytes.HasSuffix(out, AppendError(nil, strings.Repeat("r", 255))) {
		t.Errorf("wrote %q, want ERROR with 255 octets of the reason", out)
	}
}

func TestHandshakeInvalidConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"identity of 256":   {Identity: repeat('i', 256), SendIdentity: true},
		"zero first":        {Identity: []byte{0}, SendIdentity: true},
		"property name":     {Properties: Metadata{{"X key", nil}}},
		"property repeated": {Properties: Metadata{{"socket-type", nil}}},
		"mechanism name":    {Mechanism: named("MECHANISM-OF-21-OCTET")},
		"mechanism case":    {Mechanism: named("null")},
		"no mechanism name": {Mechanism: named("")},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.Validate()
			if want == nil {
				t.Fatal("Validate accepts it")
			}
			h := NewHandshake(c)
			if out := h.Output(); out != nil {
				t.Errorf("wrote %x", out)
			}
			if n, err := h.Receive(nullGreeting()); n != 0 || err == nil || err.Error() != want.Error() {
				t.Errorf("consumed %d, %v, want %v", n, err, want)
			}
		})
	}
	good := Config{SocketType: "DEALER", Identity: repeat('i', 255), SendIdentity: true, Properties: Metadata{{"X-key", []byte("v")}}}
	if err := good.Validate(); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// named returns NULL under another name.
func named(name string) Mechanism { return renamed{Null(), name} }

type renamed struct {
	Mechanism
	name string
}

func (r renamed) Name() string { return r.name }

// Memory is for octets that came, not for those announced.
func TestHandshakeBuffersWhatArrives(t *testing.T) {
	h := NewHandshake(Config{MaxCommand: 1 << 30})
	in := after([]byte{6, 0, 0, 0, 0, 0x40, 0, 0, 0})
	if _, rest, err := feed(h, in, len(in)); err != nil || len(rest) > 0 {
		t.Fatalf("error %v, left %d", err, len(rest))
	}
	if cap(h.buf) > 256 {
		t.Errorf("%d octets are held for %d received", cap(h.buf), len(in))
	}
}
