package zre

import (
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

// golden has each message with its octets as RFC 36 draws them.
var golden = []struct {
	name string
	m    message
	hex  string
}{
	{"HELLO", message{
		kind: kindHello, sequence: 1, endpoint: "tcp://192.0.2.7:49152", groups: []string{"CHAT", "é"}, status: 2,
		name: "till", headers: map[string]string{"X-ROLE": "till", "A": ""},
	}, "aaa1 01 02 0001" +
		"15 7463703a2f2f3139322e302e322e373a3439313532" +
		"00000002 00000004 43484154 00000002 c3a9" +
		"02" +
		"04 74696c6c" +
		"00000002 01 41 00000000 06 582d524f4c45 00000004 74696c6c"},
	{"HELLO of little", message{kind: kindHello, sequence: 1}, "aaa1 01 02 0001 00 00000000 00 00 00000000"},
	{"WHISPER", message{kind: kindWhisper, sequence: 0x1234}, "aaa1 02 02 1234"},
	{"SHOUT", message{kind: kindShout, sequence: 0xFFFF, group: "CHAT"}, "aaa1 03 02 ffff 04 43484154"},
	{"JOIN", message{kind: kindJoin, sequence: 0, group: "CHAT", status: 255}, "aaa1 04 02 0000 04 43484154 ff"},
	{"LEAVE", message{kind: kindLeave, sequence: 3, group: "", status: 0}, "aaa1 05 02 0003 00 00"},
	{"PING", message{kind: kindPing, sequence: 4}, "aaa1 06 02 0004"},
	{"PING-OK", message{kind: kindPingOK, sequence: 5}, "aaa1 07 02 0005"},
}

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessage(t *testing.T) {
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			want := octets(t, g.hex)
			if got := g.m.encode(); string(got) != string(want) {
				t.Errorf("encoded\n%x, want\n%x", got, want)
			}
			if got, err := parse(want, defaultLimits); err != nil || !reflect.DeepEqual(got, g.m) {
				t.Errorf("parsed %+v, %v, want %+v", got, err, g.m)
			}
			if got, err := parse(append(want, 1, 2, 3), defaultLimits); err != nil || !reflect.DeepEqual(got, g.m) {
				t.Errorf("with more behind it: %+v, %v", got, err)
			}
			for n := range want {
				if _, err := parse(want[:n], defaultLimits); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%d of its octets: %v", n, err)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		want error
	}{
		"another signature":        {"aaa0 06 02 0001", errSignature},
		"version 1":                {"aaa1 06 01 0001", errVersion},
		"version 3":                {"aaa1 06 03 0001", errVersion},
		"many groups":              {"aaa1 01 02 0001 00 000003e9", errLimit},
		"more groups than octets":  {"aaa1 01 02 0001 00 000003e8", io.ErrUnexpectedEOF},
		"a group beyond the frame": {"aaa1 01 02 0001 00 00000001 ffffffff 41", io.ErrUnexpectedEOF},
		"a long group":             {"aaa1 01 02 0001 00 00000001 00000100" + strings.Repeat("41", 256) + "00 00 00000000", errLimit},
		"many headers":             {"aaa1 01 02 0001 00 00000000 00 00 00000101", errLimit},
		"a value beyond the frame": {"aaa1 01 02 0001 00 00000000 00 00 00000001 01 41 00010000", io.ErrUnexpectedEOF},
	} {
		if m, err := parse(octets(t, c.hex), defaultLimits); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v, want %v", name, m, err, c.want)
		}
	}
	if m, err := parse(octets(t, "aaa1 63 02 0007 0102"), defaultLimits); err != nil || m.sequence != 7 {
		t.Errorf("a kind that is not known: %+v, %v", m, err)
	}
}

// TestHelloLimit tests a HELLO as large as it may be, one octet larger, and with
// the limit lifted.
func TestHelloLimit(t *testing.T) {
	m := message{kind: kindHello, sequence: 1, headers: map[string]string{"k": ""}}
	room := defaultLimits.hello - len(m.encode())
	m.headers["k"] = strings.Repeat("v", room)
	if _, err := parse(m.encode(), defaultLimits); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	m.headers["k"] += "v"
	if _, err := parse(m.encode(), defaultLimits); !errors.Is(err, errLimit) {
		t.Errorf("one octet more: %v", err)
	}
	lifted := defaultLimits
	lifted.hello++
	if got, err := parse(m.encode(), lifted); err != nil || !maps.Equal(got.headers, m.headers) {
		t.Errorf("with the limit lifted: %v", err)
	}
}

func TestBeacon(t *testing.T) {
	id := discovery.ID(octets(t, "00112233445566778899aabbccddeeff"))
	want := octets(t, "5a524501 00112233445566778899aabbccddeeff c000")
	if got := (beacon{id: id, port: 0xC000}).encode(); string(got) != string(want) {
		t.Errorf("encoded %x, want %x", got, want)
	}
	if b, ok := parseBeacon(want); !ok || b.id != id || b.port != 0xC000 {
		t.Errorf("parsed %+v, %t", b, ok)
	}
	other := append([]byte{}, want...)
	other[3] = 3
	for name, p := range map[string][]byte{"short": want[:21], "long": append(want, 0), "empty": nil, "another version": other} {
		if b, ok := parseBeacon(p); ok {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, g := range golden {
		f.Add(octets(f, g.hex))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := parse(frame, defaultLimits)
		if err != nil {
			return
		}
		if len(m.groups) > defaultLimits.groups || len(m.headers) > defaultLimits.headers {
			t.Fatalf("beyond the limits: %d groups, %d headers", len(m.groups), len(m.headers))
		}
		if m.kind > kindPingOK || m.kind == 0 {
			return
		}
		again, err := parse(m.encode(), defaultLimits)
		if err != nil || again.sequence != m.sequence || !maps.Equal(again.headers, m.headers) {
			t.Fatalf("%+v becomes %+v, %v", m, again, err)
		}
	})
}

func FuzzBeacon(f *testing.F) {
	f.Add((beacon{port: 0xC000}).encode())
	f.Fuzz(func(t *testing.T, p []byte) {
		if b, ok := parseBeacon(p); ok && string(b.encode()) != string(p) {
			t.Fatalf("%x becomes %x", p, b.encode())
		}
	})
}
