package zmtp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

const signature = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"

// A legacySession is what testdata/capture_legacy.py has recorded of libzmq and a
// peer that is older.
type legacySession struct {
	name   string
	config Config
	want   Peer
	v1     bool
}

func legacySessions() []legacySession {
	dealer := Config{SocketType: "DEALER", Identity: []byte("ours"), SendIdentity: true, Legacy: true}
	sub := Config{SocketType: "SUB", Legacy: true}
	return []legacySession{
		{"unversioned", dealer, Peer{Major: 1, Unversioned: true, Mechanism: "NULL", Identity: []byte("theirs")}, true},
		{"10", dealer, Peer{Major: 1, Mechanism: "NULL", Identity: []byte("theirs")}, true},
		{"20", dealer, Peer{Major: 2, Mechanism: "NULL", SocketType: "ROUTER", Identity: []byte("theirs")}, false},
		{"sub_unversioned", sub, Peer{Major: 1, Unversioned: true, Mechanism: "NULL"}, true},
		{"sub_10", sub, Peer{Major: 1, Mechanism: "NULL"}, true},
		{"sub_20", sub, Peer{Major: 2, Mechanism: "NULL", SocketType: "PUB"}, false},
	}
}

// traffic returns what follows the handshake, as frames of one version and the
// other.
func (s legacySession) traffic() (v1, v2 []byte) {
	frame := func(flags byte, body string) {
		v1 = AppendFrameV1(v1, flags, []byte(body))
		v2 = AppendFrame(v2, flags, []byte(body))
	}
	if s.config.SocketType == "SUB" {
		frame(0, "\x01topic")
		frame(0, "\x00topic")
		return v1, v2
	}
	frame(0, "hello")
	frame(FlagMore, "")
	for _, n := range []int{253, 254, 255} {
		frame(FlagMore, strings.Repeat("m", n))
	}
	frame(0, strings.Repeat("m", 256))
	frame(0, "")
	return v1, v2
}

// In libzmq's place we send, octet for octet, what it sends to older peers, in
// whatever pieces those are heard, and know as much of them.
func TestLegacyMatchesLibzmq(t *testing.T) {
	for _, s := range legacySessions() {
		t.Run(s.name, func(t *testing.T) {
			theirs, want := golden(t, "session_legacy_"+s.name+"_peer"), golden(t, "session_legacy_"+s.name)
			traffic, v2 := s.traffic()
			if !s.v1 {
				traffic = v2
			}
			for _, size := range pieces {
				h := NewHandshake(s.config)
				out, rest, err := feed(h, theirs, size)
				if err != nil || !h.Done() {
					t.Fatalf("pieces of %d: %v, done %v", size, err, h.Done())
				}
				if got := slices.Concat(out, traffic); !bytes.Equal(got, want) {
					t.Fatalf("pieces of %d: sent\n%x, libzmq sends\n%x", size, got, want)
				}
				if s.config.SocketType == "DEALER" && !bytes.Equal(rest, traffic) {
					t.Errorf("pieces of %d: left %x, want the traffic %x", size, rest, traffic)
				}
				got := h.Peer()
				if got.Major != s.want.Major || got.Minor != 0 || got.Unversioned != s.want.Unversioned || got.Mechanism != s.want.Mechanism ||
					got.SocketType != s.want.SocketType || !bytes.Equal(got.Identity, s.want.Identity) {
					t.Errorf("pieces of %d: peer %+v, want %+v", size, got, s.want)
				}
				if h.buf != nil || h.ours != nil {
					t.Errorf("pieces of %d: octets are kept", size)
				}
			}
		})
	}
}

// No proper prefix of an old handshake is one, nor an error.
func TestLegacyPrefixes(t *testing.T) {
	for _, s := range legacySessions() {
		t.Run(s.name, func(t *testing.T) {
			b := golden(t, "session_legacy_"+s.name+"_peer")
			_, rest, _ := feed(NewHandshake(s.config), b, len(b))
			for n := range len(b) - len(rest) {
				h := NewHandshake(s.config)
				if _, _, err := feed(h, b[:n], n+1); err != nil || h.Done() {
					t.Errorf("%d octets: %v, done %v", n, err, h.Done())
				}
			}
		})
	}
}

// Nothing goes out that an older peer would take for a frame: 10 octets at once,
// the version when the peer has shown that it has one, the rest when that is 3.
func TestLegacyGreetingInSteps(t *testing.T) {
	h := NewHandshake(Config{SocketType: "PULL", Legacy: true})
	ours := nullGreeting()
	for _, step := range []struct{ theirs, out string }{
		{"", signature},
		{signature[:9], ""},
		{signature[9:], "\x03"},
		{"\x03", string(ours[11:])},
		{string(ours[11:]), string(AppendReady(nil, Metadata{{SocketTypeProperty, []byte("PULL")}}))},
		{string(readyOf("PUSH")), ""},
	} {
		n, err := h.Receive([]byte(step.theirs))
		if out := h.Output(); err != nil || n != len(step.theirs) || string(out) != step.out {
			t.Fatalf("after %q: %v, %d octets taken, wrote %q, want %q", step.theirs, err, n, out, step.out)
		}
	}
	if p := h.Peer(); !h.Done() || p.Major != 3 || p.SocketType != "PUSH" || p.Unversioned {
		t.Errorf("done %v, peer %+v", h.Done(), h.Peer())
	}
}

// The socket types of 2.0 are those of RFC 15, both ways.
func TestLegacySocketTypes(t *testing.T) {
	for octet, name := range strings.Fields("PAIR PUB SUB REQ REP DEALER ROUTER PULL PUSH XPUB XSUB") {
		h := NewHandshake(Config{SocketType: name, Legacy: true})
		out, _, err := feed(h, append([]byte(signature+"\x01"), byte(octet), 0, 0), 100)
		if err != nil || h.Peer().SocketType != name {
			t.Errorf("octet %d: %v, socket type %q, want %q", octet, err, h.Peer().SocketType, name)
		}
		if want := signature + "\x03" + string(rune(octet)) + "\x00\x00"; string(out) != want {
			t.Errorf("%s: wrote %q, want %q", name, out, want)
		}
	}
	// A type that 2.0 has not refuses older peers, and may greet at once.
	h := NewHandshake(Config{SocketType: "CLIENT", Legacy: true})
	out, _, err := feed(h, []byte(signature+"\x01\x06\x00\x00"), 100)
	var version *VersionError
	if !errors.As(err, &version) || !bytes.Equal(out, nullGreeting()) {
		t.Errorf("CLIENT: %v, wrote %q", err, out)
	}
}

func TestLegacyRefuses(t *testing.T) {
	no := errors.New("not here")
	for name, tt := range map[string]struct {
		octets string
		kind   Kind
		admit  func(Peer) error
	}{
		"length 0":              {octets: "\x00", kind: BadFrame},
		"flags of 1.0":          {octets: "\x01\x02", kind: BadFrame},
		"identity in two, 1.0":  {octets: "\x01\x01", kind: BadFrame},
		"long identity, 1.0":    {octets: "\xff\x00\x00\x00\x00\x00\x00\x01\x01\x00", kind: BadMetadata},
		"huge identity, 1.0":    {octets: "\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00", kind: BadMetadata},
		"length over 2^63":      {octets: "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", kind: BadFrame},
		"zero identity, 1.0":    {octets: "\x03\x00\x00a", kind: BadMetadata},
		"HTTP":                  {octets: "GET / HTTP/1.1\r\n", kind: BadFrame},
		"TLS":                   {octets: "\x16\x03\x01\x02\x00", kind: BadFrame},
		"SSH":                   {octets: "SSH-2.0-x\r\n", kind: BadFrame},
		"socket type 11":        {octets: signature + "\x01\x0b", kind: BadGreeting},
		"socket type 255":       {octets: signature + "\x02\xff", kind: BadGreeting},
		"command for identity":  {octets: signature + "\x01\x07\x04\x00", kind: BadFrame},
		"identity in two, 2.0":  {octets: signature + "\x01\x07\x01\x00", kind: BadFrame},
		"long identity, 2.0":    {octets: signature + "\x01\x07\x02\x00\x00\x00\x00\x00\x00\x01\x00", kind: BadMetadata},
		"zero identity, 2.0":    {octets: signature + "\x01\x07\x00\x01\x00", kind: BadMetadata},
		"length 0, revision 0":  {octets: signature + "\x00\x07\x00", kind: BadFrame},
		"not admitted, 1.0":     {octets: "\x01\x00", admit: func(Peer) error { return no }},
		"not admitted, 2.0":     {octets: signature + "\x01\x07\x00\x00", admit: func(Peer) error { return no }},
		"mechanism of 3.0":      {octets: signature + "\x03\x00\x00", kind: BadGreeting},
		"READY too large (3.1)": {octets: string(nullGreeting()) + "\x06\x00\x00\x00\x00\x7f\xff\xff\xff", kind: TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range pieces {
				h := NewHandshake(Config{SocketType: "PUSH", Legacy: true, Admit: tt.admit})
				out, _, err := feed(h, []byte(tt.octets), size)
				if h.Done() || err == nil || tt.admit == nil && kindOf(err) != tt.kind || tt.admit != nil && !errors.Is(err, no) {
					t.Fatalf("pieces of %d: %v, done %v, want kind %v", size, err, h.Done(), tt.kind)
				}
				if h.Peer().Major < 3 && bytes.Contains(out, []byte("ERROR")) {
					t.Errorf("pieces of %d: wrote %q to a peer that has no commands", size, out)
				}
				if n, again := h.Receive([]byte("more")); n != 0 || !errors.Is(again, err) {
					t.Errorf("pieces of %d: then consumed %d, %v", size, n, again)
				}
			}
		})
	}
}

// WT-17: there is no such thing as an old peer beside a mechanism, or where
// somebody is asked who may come.
func TestLegacyNeverSecured(t *testing.T) {
	for name, m := range map[string]Mechanism{"asking": NullAsking(), "PLAIN": PlainServer()} {
		c := Config{SocketType: "PULL", Legacy: true, Mechanism: m}
		if err := c.Validate(); err == nil {
			t.Errorf("%s: valid", name)
		}
		h := NewHandshake(c)
		if _, err := h.Receive([]byte("\x01\x00")); err == nil || h.Output() != nil || h.Done() {
			t.Errorf("%s: %v, done %v", name, err, h.Done())
		}
	}
}

// The identity at its limit and one over it.
func TestLegacyIdentityLimit(t *testing.T) {
	id := repeat('i', MaxIdentity)
	for version, octets := range map[string][]byte{
		"1.0": AppendFrameV1(nil, 0, id), "2.0": AppendFrame([]byte(signature+"\x01\x07"), 0, id),
	} {
		h := NewHandshake(Config{SocketType: "PUSH", Legacy: true})
		if _, rest, err := feed(h, append(octets, 1, 2, 3), 7); err != nil || !bytes.Equal(h.Peer().Identity, id) || len(rest) != 3 {
			t.Errorf("%s: %v, identity %x, left %x", version, err, h.Peer().Identity, rest)
		}
	}
	h := NewHandshake(Config{SocketType: "DEALER", Legacy: true, Identity: id})
	out, _, err := feed(h, []byte("\x01\x00"), 1)
	if err != nil || !bytes.Equal(out, slices.Concat([]byte("\xff\x00\x00\x00\x00\x00\x00\x01\x00\x7f"), id)) {
		t.Errorf("wrote %x, %v", out, err)
	}
}

// Frames of both versions say the same, and no prefix of a header is one.
func TestFramesV1(t *testing.T) {
	for _, n := range []int{0, 1, 252, 253, 254, 255, 256, 70000} {
		for _, flags := range []byte{0, FlagMore} {
			t.Run(fmt.Sprint(n, flags), func(t *testing.T) {
				frame := AppendFrameV1(nil, flags|FlagLong, repeat('m', n))
				h, err := ParseHeaderV1(frame)
				if err != nil || h.Flags != flags || h.Size != int64(n) || len(frame) != h.Len+n || len(frame) != FrameSizeV1(n) {
					t.Fatalf("%+v, %v, of %d octets; FrameSizeV1 %d", h, err, len(frame), FrameSizeV1(n))
				}
				if long := n > 253; long != (h.Len == 10) {
					t.Errorf("header of %d octets", h.Len)
				}
				for i := range h.Len {
					if _, err := ParseHeaderV1(frame[:i]); !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Errorf("%d octets: %v", i, err)
					}
				}
			})
		}
	}
	if h, err := ParseHeaderV1([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x02\x00x")); err != nil || h.Size != 1 || h.Len != 10 {
		t.Errorf("long form of a small length: %+v, %v", h, err)
	}
	for _, b := range []string{"\x00", "\xff\x80", "\xff\x00\x00\x00\x00\x00\x00\x00\x00", "\x01\x80", "\x02\x03", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7e"} {
		if _, err := ParseHeaderV1([]byte(b)); kindOf(err) != BadFrame {
			t.Errorf("%q: %v, want a malformed frame", b, err)
		}
	}
}
