package call

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestHeaderOctets(t *testing.T) {
	h := header{kind: kindCall, id: 0x0102030405060708, left: 1500, credit: 32}
	got, err := h.append(nil, Metadata{"b": "22", "a": ""})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte("\x01\x01" + "\x01\x02\x03\x04\x05\x06\x07\x08" + "\x00\x00\x05\xdc" + "\x00\x00\x00\x20" + "\x01a\x00\x00" + "\x01b\x00\x0222")
	if !bytes.Equal(got, want) {
		t.Fatalf("got  %x\nwant %x", got, want)
	}
	for n := range headerLength {
		if err := new(header).parse(got[:n]); !errors.Is(err, errHeader) {
			t.Errorf("%d octets: %v", n, err)
		}
	}
	var back header
	if err := back.parse(got); err != nil {
		t.Fatal(err)
	}
	m, err := parseMetadata(back.metadata)
	if err != nil || !maps.Equal(m, Metadata{"b": "22", "a": ""}) {
		t.Errorf("metadata %v, %v", m, err)
	}
	got[0] = 2
	var unspoken versionError
	if err := back.parse(got[:idLength]); !errors.As(err, &unspoken) || unspoken != 2 || back.id != h.id {
		t.Errorf("version 2: %v, id %x", err, back.id)
	}
}

func TestMetadataLimits(t *testing.T) {
	many := make(Metadata)
	for i := range maxEntries {
		many[string(rune('a'+i))] = "x"
	}
	over := maps.Clone(many)
	over["one more"] = ""
	for _, tt := range []struct {
		name string
		m    Metadata
		ok   bool
	}{
		{"none", nil, true},
		{"longest key", Metadata{strings.Repeat("k", 255): ""}, true},
		{"key too long", Metadata{strings.Repeat("k", 256): ""}, false},
		{"empty key", Metadata{"": "x"}, false},
		{"largest", Metadata{"k": strings.Repeat("v", maxMetadata-4)}, true},
		{"too large", Metadata{"k": strings.Repeat("v", maxMetadata-3)}, false},
		{"most entries", many, true},
		{"too many entries", over, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := appendMetadata([]byte("before"), tt.m)
			if (err == nil) != tt.ok {
				t.Fatalf("append: %v", err)
			}
			if !tt.ok {
				if CodeOf(err) != InvalidArgument || string(b) != "before" {
					t.Errorf("%v, and %q is left", err, b)
				}
				return
			}
			back, err := parseMetadata(b[len("before"):])
			if err != nil || !maps.Equal(back, tt.m) {
				t.Errorf("parse: %v, %v", back, err)
			}
		})
	}
	for _, bad := range []string{"\x00", "\x01", "\x01a", "\x01a\x00", "\x01a\x00\x01", "\x01a\x00\x00\x01a\x00\x00", "\x02a\x00\x00"} {
		if m, err := parseMetadata([]byte(bad)); !errors.Is(err, errHeader) {
			t.Errorf("%q: %v, %v", bad, m, err)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for d, want := range map[time.Duration]uint32{
		-1: 1, 0: 1, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, time.Hour: 3600000,
		1<<32*time.Millisecond - 1: 0, 1 << 62: 0,
	} {
		if got := milliseconds(d); got != want {
			t.Errorf("%v is %d ms, want %d", d, got, want)
		}
	}
}

func TestCodesOnTheWire(t *testing.T) {
	for c := Unknown; c <= ServerLost; c++ {
		name := c.String()
		if back, ok := codeNamed(name); !ok || back != c {
			t.Errorf("%q is %v", name, back)
		}
		for _, text := range []string{"", "some text", "two  spaces", strings.Repeat("ä", maxText)} {
			code, got := parseStatus(status(&Error{Code: c, Text: text}))
			if c == ServerLost {
				if code != Unknown {
					t.Errorf("a server said %v", code)
				}
				continue
			}
			if want := text[:min(len(text), maxText)]; code != c || got != want {
				t.Errorf("%v %.20q… came as %v %.20q…", c, want, code, got)
			}
		}
	}
	for _, tt := range []struct {
		status, text string
		code         Code
	}{
		{"fancy_new_code what it means", "fancy_new_code what it means", Unknown},
		{"not_found", "", NotFound},
		{"not_found \xff", "\uFFFD", NotFound},
		{" ", " ", Unknown},
	} {
		if code, text := parseStatus([]byte(tt.status)); code != tt.code || text != tt.text {
			t.Errorf("%q is %v %q", tt.status, code, text)
		}
	}
	if got := Code(200).String(); got != "unknown" {
		t.Errorf("an unknown code is called %q", got)
	}
}

// FuzzHeader parses what may come as a header: it never panics, keeps to the
// bounds, and what it takes is what it would write.
func FuzzHeader(f *testing.F) {
	for _, m := range []Metadata{nil, {"a": "b"}, {"token": "sesame", "trace": "00-1"}} {
		h := header{kind: kindCall, id: 1, left: 1000, credit: 32}
		b, err := h.append(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte{2, 1, 0, 0, 0, 0, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		var h header
		if h.parse(b) != nil {
			return
		}
		m, err := parseMetadata(h.metadata)
		if err != nil {
			return
		}
		if len(m) > maxEntries || len(h.metadata) > maxMetadata {
			t.Fatalf("%d entries in %d octets", len(m), len(h.metadata))
		}
		again, err := h.append(nil, m)
		if err != nil || len(again) != len(b) || !bytes.Equal(again[:headerLength], b[:headerLength]) {
			t.Fatalf("%x becomes %x, %v", b, again, err)
		}
	})
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte("not_found no such key"))
	f.Add([]byte("\xff \xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		code, text := parseStatus(b)
		if code == 0 || code >= ServerLost || len(text) > 3*(maxText+64) {
			t.Fatalf("%q is %d with %d octets", b, code, len(text))
		}
	})
}
