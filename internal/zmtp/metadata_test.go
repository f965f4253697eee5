package zmtp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseMetadata(t *testing.T) {
	long := strings.Repeat("n", 255)
	for name, want := range map[string]Metadata{
		"WT-43 none":           nil,
		"one":                  {{"Socket-Type", []byte("DEALER")}},
		"WT-46 any order":      {{"X-a", []byte("1")}, {"Identity", nil}, {"Socket-Type", []byte("REQ")}},
		"WT-51 NUL in a value": {{"Identity", []byte("X\x00")}},
		"WT-53 Resource":       {{"Resource", []byte("a/b")}},
		"WT-38 all characters": {{"azAZ09-_.+", []byte{0, 255}}},
		"WT-38 name of 255":    {{long, repeat('v', 300)}},
	} {
		t.Run(name, func(t *testing.T) {
			b := want.Append(nil)
			if len(b) != want.size() {
				t.Errorf("appended %d octets, size says %d", len(b), want.size())
			}
			got, err := ParseMetadata(b)
			if err != nil || !sameMetadata(got, want) {
				t.Fatalf("got %v, %v, want %v", got, err, want)
			}
			for i := range b {
				b[i] = 0xEE
			}
			if !sameMetadata(got, want) {
				t.Error("the result shares memory with the input")
			}
			for _, p := range got {
				if cap(p.Value) != len(p.Value) {
					t.Errorf("appending to %s would write over what follows", p.Name)
				}
			}
		})
	}
}

func sameMetadata(a, b Metadata) bool {
	same := len(a) == len(b)
	for i := 0; same && i < len(a); i++ {
		same = a[i].Name == b[i].Name && bytes.Equal(a[i].Value, b[i].Value)
	}
	return same
}

func TestParseMetadataRefuses(t *testing.T) {
	type octets = []byte
	tests := []struct {
		name string
		in   []byte
		want Kind
	}{
		{"WT-40 nothing left over", Metadata{{"A", nil}}.Append(nil), 0},
		{"WT-40 one octet more", append(Metadata{{"A", nil}}.Append(nil), 1), BadMetadata},
		{"WT-40 NUL more", append(Metadata{{"A", nil}}.Append(nil), 0), BadMetadata},
		{"WT-41 empty name", octets{0, 0, 0, 0, 0}, BadMetadata},
		{"WT-38 space in a name", octets{1, ' ', 0, 0, 0, 0}, BadMetadata},
		{"WT-38 octet over 127 in a name", octets{1, 0xC3, 0, 0, 0, 0}, BadMetadata},
		{"name over the end", octets{9, 'A', 0, 0, 0, 0}, BadMetadata},
		{"value over the end", octets{1, 'A', 0, 0, 0, 2, 'v'}, BadMetadata},
		{"WT-38 value of 2^31", octets{1, 'A', 0x80, 0, 0, 0}, BadMetadata},
		{"value of 2^32-1", octets{1, 'A', 255, 255, 255, 255}, BadMetadata},
		{"WT-42 twice", Metadata{{"Identity", nil}, {"Identity", nil}}.Append(nil), BadMetadata},
		{"WT-42 twice, other case", Metadata{{"Identity", nil}, {"iDENTITY", nil}}.Append(nil), BadMetadata},
		{"at the limit", properties(MaxProperties).Append(nil), 0},
		{"over the limit", properties(MaxProperties + 1).Append(nil), TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseMetadata(tt.in); kindOf(err) != tt.want {
				t.Errorf("error %v, want kind %v", err, tt.want)
			}
		})
	}
}

// WT-38: 2^31 is refused by the grammar, and not only for want of octets.
func TestParseMetadataValueLimit(t *testing.T) {
	for size, want := range map[string]string{"\x7f\xff\xff\xff": "that are left", "\x80\x00\x00\x00": "2^31-1"} {
		_, err := ParseMetadata([]byte("\x01A" + size))
		if kindOf(err) != BadMetadata || !strings.Contains(err.Error(), want) {
			t.Errorf("%x: error %v, want one that says %q", size, err, want)
		}
	}
}

// properties returns n properties with different names.
func properties(n int) Metadata {
	md := make(Metadata, n)
	for i := range md {
		md[i].Name = fmt.Sprint("X-", i)
	}
	return md
}

// kindOf returns the kind of a ProtocolError, 0 for no error and 255 for others.
func kindOf(err error) Kind {
	var e *ProtocolError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.Kind
	}
	return 255
}

// No proper prefix of metadata is metadata, but at a property's end.
func TestParseMetadataPrefixes(t *testing.T) {
	md := Metadata{{"Socket-Type", []byte("DEALER")}, {"Identity", nil}, {"X-key", []byte("value")}}
	b := md.Append(nil)
	whole := map[int]bool{0: true, md[:1].size(): true, md[:2].size(): true}
	for n := range len(b) {
		if _, err := ParseMetadata(b[:n]); (err == nil) != whole[n] {
			t.Errorf("%d of %d octets: error %v", n, len(b), err)
		}
	}
}

func TestMetadataLookup(t *testing.T) {
	md := Metadata{{"X-empty", nil}, {"Socket-Type", []byte("PUB")}}
	for name, want := range map[string]string{"Socket-Type": "PUB", "socket-TYPE": "PUB", "x-Empty": ""} { // WT-39
		if got, ok := md.Lookup(name); !ok || string(got) != want {
			t.Errorf("Lookup(%q) = %q, %v, want %q", name, got, ok, want)
		}
	}
	if got, ok := md.Lookup("Socket"); ok {
		t.Errorf("Lookup of what is not there = %q", got)
	}
}

func TestMetadataValidate(t *testing.T) {
	for name, tt := range map[string]struct {
		md   Metadata
		want Kind
	}{
		"good":        {Metadata{{"X-key", []byte("value")}}, 0},
		"empty name":  {Metadata{{"", nil}}, BadMetadata},
		"long name":   {Metadata{{strings.Repeat("n", 256), nil}}, BadMetadata},
		"colon":       {Metadata{{"X:key", nil}}, BadMetadata},
		"twice":       {Metadata{{"X-key", nil}, {"x-KEY", nil}}, BadMetadata},
		"too many":    {properties(MaxProperties + 1), TooLarge},
		"not so many": {properties(MaxProperties), 0},
	} {
		if err := tt.md.Validate(); kindOf(err) != tt.want {
			t.Errorf("%s: error %v, want kind %v", name, err, tt.want)
		}
	}
}
