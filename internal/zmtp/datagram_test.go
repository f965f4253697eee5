package zmtp

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseDatagram(t *testing.T) {
	longest := strings.Repeat("g", 255)
	for in, want := range map[string]struct{ group, body string }{
		"\x00":                    {"", ""},
		"\x00body":                {"", "body"},
		"\x01A":                   {"A", ""},
		"\x01Abody":               {"A", "body"},
		"\x02\x01\xff\x00":        {"\x01\xff", "\x00"},
		"\xff" + longest:          {longest, ""},
		"\xff" + longest + "\x00": {longest, "\x00"},
	} {
		group, body, ok := ParseDatagram([]byte(in))
		if !ok || string(group) != want.group || string(body) != want.body {
			t.Errorf("%.20q: %q, %q, %t, want %q, %q", in, group, body, ok, want.group, want.body)
		}
		if got := AppendDatagram([]byte("x"), []byte(want.group), []byte(want.body)); string(got) != "x"+in {
			t.Errorf("%.20q and %q are %q", want.group, want.body, got)
		}
	}
	for _, in := range []string{"", "\x01", "\x05ABCD", "\xff" + longest[1:], "\x01\x00", "\x03A\x00Bbody"} {
		if group, body, ok := ParseDatagram([]byte(in)); ok {
			t.Errorf("%.20q: %q, %q, want it refused", in, group, body)
		}
	}
}

// What we send over UDP is what libzmq sends, octet for octet, and the other way
// round.
func TestDatagramsMatchLibzmq(t *testing.T) {
	for name, m := range map[string]struct{ group, body string }{
		"datagram_short":   {"A", "body"},
		"datagram_empty":   {"", ""},
		"datagram_longest": {strings.Repeat("A", 255), "body"},
	} {
		want := golden(t, name)
		if got := AppendDatagram(nil, []byte(m.group), []byte(m.body)); !bytes.Equal(got, want) {
			t.Errorf("%s: %x, libzmq sends %x", name, got, want)
		}
		if group, body, ok := ParseDatagram(want); !ok || string(group) != m.group || string(body) != m.body {
			t.Errorf("%s: %q, %q, %t", name, group, body, ok)
		}
	}
}

// What is a group and a body is what AppendDatagram makes of them; what is cut
// off in the group is none; and nothing else is looked at.
func FuzzDatagram(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x01A", "\x05groupbody", "\x05gr", "\xff", "\x02a\x00body", "\xff" + strings.Repeat("g", 300)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		group, body, ok := ParseDatagram(b)
		if !ok {
			if len(b) > MaxGroup && bytes.IndexByte(b[1:1+MaxGroup], 0) < 0 {
				t.Fatalf("%x is refused", b)
			}
			return
		}
		if !ValidGroup(group) {
			t.Fatalf("%x has group %q", b, group)
		}
		if again := AppendDatagram(nil, group, body); !bytes.Equal(again, b) {
			t.Fatalf("%x parsed and appended is %x", b, again)
		}
		for n := range 1 + len(group) {
			if _, _, ok := ParseDatagram(b[:n]); ok {
				t.Fatalf("%d octets of %x are accepted", n, b)
			}
		}
	})
}
