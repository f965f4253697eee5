package mesh

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestHeaderRoundTrip(t *testing.T) {
	tests := []struct {
		name string
		h    header
		wire string
	}{
		{"hello", header{kind: kindHello}, "\x01\x01"},
		{"state", header{kind: kindState}, "\x01\x02"},
		{"refuse", header{kind: kindRefuse, code: uint64(RefusedRealm), text: "no"}, "\x01\x03\x06\x02no"},
		{"drain", header{kind: kindDrain}, "\x01\x04"},
		{"drained", header{kind: kindDrained}, "\x01\x05"},
		{"goodbye", header{kind: kindGoodbye}, "\x01\x06"},
		{"parted", header{kind: kindParted}, "\x01\x07"},
		{"whisper", header{kind: kindWhisper}, "\x01\x08"},
		{"shout", header{kind: kindShout, name: "g"}, "\x01\x09\x01g"},
		{"ask", header{kind: kindAsk, id: 300, ttl: time.Second, name: "g"}, "\x01\x0a\xac\x02\xe8\x07\x01g"},
		{"call", header{kind: kindCall, id: 1, name: "price"}, "\x01\x0b\x01\x00\x05price"},
		{"reply", header{kind: kindReply, id: 1, load: 7}, "\x01\x0c\x01\x07"},
		{"fail", header{kind: kindFail, id: 1, load: 7, code: uint64(CodeBusy), text: "é"}, "\x01\x0d\x01\x07\x04\x02é"},
		{"cancel", header{kind: kindCancel, id: 1<<64 - 1}, "\x01\x0e\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
	}
	seen := map[kind]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.h.encode(); string(got) != tt.wire {
				t.Errorf("encoded as %q, want %q", got, tt.wire)
			}
			got, err := parseHeader([]byte(tt.wire))
			if err != nil || got != tt.h {
				t.Errorf("parsed as %+v, %v, want %+v", got, err, tt.h)
			}
			for n := range len(tt.wire) {
				if _, err := parseHeader([]byte(tt.wire[:n])); err == nil {
					t.Errorf("the first %d octets were taken for a header", n)
				}
			}
			if _, err := parseHeader([]byte(tt.wire + "\x00")); err == nil {
				t.Error("an octet too many was not noticed")
			}
		})
		seen[tt.h.kind] = true
	}
	for k := kind(1); k < kinds; k++ {
		if !seen[k] {
			t.Errorf("kind %d is not in the table", k)
		}
	}
}

func TestHeaderRefused(t *testing.T) {
	tests := []struct{ name, wire, want string }{
		{"empty", "", "0 octets"},
		{"version", "\x02\x01", "another version"},
		{"kind 0", "\x01\x00", "kind 0"},
		{"kind too high", "\x01\x0f", "kind 15"},
		{"number without end", "\x01\x0e\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "id: want a number"},
		{"number longer than need be", "\x01\x0e\x81\x00", "id: want a number"},
		{"name that is not there", "\x01\x09\x05g", "name of 5 octets"},
		{"name of no octets", "\x01\x09\x00", "no name"},
		{"name of many octets", "\x01\x09\x79" + strings.Repeat("g", 121), "name of 121 octets"},
		{"huge length", "\x01\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "name of 18446744073709551615"},
		{"not UTF-8", "\x01\x09\x01\xff", "want UTF-8"},
		{"ttl of ages", "\x01\x0a\x01\xff\xff\xff\xff\xff\xff\xff\x01\x01g", "ttl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseHeader([]byte(tt.wire))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := parseHeader([]byte{9, 1}); !errors.Is(err, errVersion) {
		t.Errorf("another version: %v", err)
	}
}

func TestHeaderTTL(t *testing.T) {
	tests := []struct {
		give, want time.Duration
	}{
		{0, 0},
		{-time.Second, 0},
		{1, time.Millisecond},
		{time.Millisecond, time.Millisecond},
		{1500 * time.Microsecond, 2 * time.Millisecond},
		{1<<63 - 1, maxTTL * time.Millisecond},
	}
	for _, tt := range tests {
		h, err := parseHeader(header{kind: kindCall, ttl: tt.give, name: "s"}.encode())
		if err != nil || h.ttl != tt.want {
			t.Errorf("ttl %v came as %v, %v, want %v", tt.give, h.ttl, err, tt.want)
		}
	}
}

func TestHeaderText(t *testing.T) {
	tests := []struct{ name, give, want string }{
		{"as it is", "é", "é"},
		{"too long", strings.Repeat("x", 2000), strings.Repeat("x", maxText)},
		{"cut between runes", strings.Repeat("é", 600), strings.Repeat("é", maxText/2)},
		{"cut within a rune", "x" + strings.Repeat("é", 600), "x" + strings.Repeat("é", maxText/2-1)},
		{"not text", "a\xffb", "(not text)"},
	}
	for _, tt := range tests {
		h, err := parseHeader(header{kind: kindFail, code: 1, text: tt.give}.encode())
		if err != nil || h.text != tt.want {
			t.Errorf("%s: %q, %v", tt.name, h.text, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, h := range []header{
		{kind: kindHello},
		{kind: kindRefuse, code: 5, text: "no"},
		{kind: kindAsk, id: 1 << 40, ttl: time.Minute, name: "group"},
		{kind: kindFail, id: 3, load: 4, code: 100, text: "sold out"},
	} {
		f.Add(h.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHeader(b)
		if err != nil {
			return
		}
		if got := h.encode(); !bytes.Equal(got, b) {
			t.Errorf("%q was read as %+v, which is %q", b, h, got)
		}
	})
}
