package zmtp

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// patched returns our NULL greeting with octets from at on replaced.
func patched(at int, octets ...byte) []byte {
	b := AppendGreeting(nil, Greeting{Mechanism: "NULL"})
	copy(b[at:], octets)
	return b
}

func TestParseGreeting(t *testing.T) {
	null := Greeting{Major: 3, Minor: 1, Mechanism: "NULL"}
	tests := []struct {
		name string
		in   []byte
		want Greeting
	}{
		{"3.1", patched(0), null},
		{"3.0", patched(11, 0), Greeting{Major: 3, Mechanism: "NULL"}},
		{"WT-11 3.2", patched(11, 2), Greeting{Major: 3, Minor: 2, Mechanism: "NULL"}},
		{"WT-11 4.0", patched(10, 4, 0), Greeting{Major: 4, Mechanism: "NULL"}},
		{"WT-11 255.255", patched(10, 255, 255), Greeting{Major: 255, Minor: 255, Mechanism: "NULL"}},
		{"WT-05 padding", patched(1, 9, 8, 7, 6, 5, 4, 3, 2), null},
		{"signature end with bit 0 alone", patched(9, 1), null},
		{"WT-12 filler", patched(33, repeat(0xEE, 31)...), null},
		{"as-server", patched(32, 1), Greeting{Major: 3, Minor: 1, Mechanism: "NULL", AsServer: true}},
		{"mechanism of 20", patched(12, []byte("ABCXYZ0189-_.+ABCDEF")...), Greeting{Major: 3, Minor: 1, Mechanism: "ABCXYZ0189-_.+ABCDEF"}},
		{"more octets after it", append(patched(0), "traffic"...), null},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseGreeting(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
			for n := range GreetingSize {
				if _, err := ParseGreeting(tt.in[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%d octets: error %v, want io.ErrUnexpectedEOF", n, err)
				}
			}
		})
	}
}

// A greeting is refused at the octet that rules it out, and not before.
func TestParseGreetingRefuses(t *testing.T) {
	refused := []struct {
		name string
		in   []byte
		at   int // octet that decides
		want error
	}{
		{"HTTP", []byte("GET / HTTP/1.1\r\n"), 0, &ProtocolError{Kind: BadGreeting}},
		{"TLS", []byte("\x16\x03\x01\x02\x00\x01"), 0, &ProtocolError{Kind: BadGreeting}},
		{"SSH", []byte("SSH-2.0-OpenSSH_9.7\r\n"), 0, &ProtocolError{Kind: BadGreeting}},
		{"NULs", make([]byte, 64), 0, &ProtocolError{Kind: BadGreeting}},
		{"1.0 without identity", []byte{1, 0, 8, 0}, 0, &VersionError{1, 0, 0, 1}},
		{"1.0 frame of 255 and more", patched(9, 0x7E), 9, &VersionError{1, 0, 9, 0x7E}},
		{"1.0 framing", patched(10, 0), 10, &VersionError{1, 0, 10, 0}},
		{"2.0", patched(10, 1, 7), 10, &VersionError{2, 0, 10, 1}},
		{"WT-13 revision 2", patched(10, 2), 10, &VersionError{2, 0, 10, 2}},
		{"no mechanism", patched(12, make([]byte, 20)...), 12, &ProtocolError{Kind: BadGreeting}},
		{"mechanism in lower case", patched(13, 'u'), 13, &ProtocolError{Kind: BadGreeting}},
		{"WT-09 octet after NUL", patched(31, 'X'), 31, &ProtocolError{Kind: BadGreeting}},
	}
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			for n := range len(tt.in) + 1 {
				_, err := ParseGreeting(tt.in[:n])
				if n <= tt.at {
					if !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Fatalf("%d octets: error %v, want io.ErrUnexpectedEOF", n, err)
					}
					continue
				}
				if !sameRefusal(err, tt.want) {
					t.Fatalf("%d octets: error %#v, want %#v", n, err, tt.want)
				}
			}
		})
	}
}

// sameRefusal compares a VersionError whole and a ProtocolError by its kind.
func sameRefusal(got, want error) bool {
	var version, wantVersion *VersionError
	if errors.As(want, &wantVersion) {
		return errors.As(got, &version) && *version == *wantVersion
	}
	var protocol, wantProtocol *ProtocolError
	return errors.As(got, &protocol) && errors.As(want, &wantProtocol) && protocol.Kind == wantProtocol.Kind
}

func TestAppendGreeting(t *testing.T) {
	b := AppendGreeting([]byte("before"), Greeting{Major: 9, Minor: 9, Mechanism: strings.Repeat("M", 21), AsServer: true})
	rest, ok := bytes.CutPrefix(b, []byte("before"))
	if !ok || len(rest) != GreetingSize {
		t.Fatalf("appended %d octets, want %d", len(rest), GreetingSize)
	}
	want := Greeting{Major: 3, Minor: 1, Mechanism: strings.Repeat("M", 20), AsServer: true}
	if got, err := ParseGreeting(rest); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
