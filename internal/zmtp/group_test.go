package zmtp

import (
	"bytes"
	"strings"
	"testing"
)

func TestValidGroup(t *testing.T) {
	for group, want := range map[string]bool{
		"":                       true,
		"\x01\xff":               true,
		strings.Repeat("g", 255): true,
		strings.Repeat("g", 256): false,
		"\x00":                   false,
		"a\x00b":                 false,
	} {
		if got := ValidGroup([]byte(group)); got != want {
			t.Errorf("ValidGroup(%.20q) = %t, want %t", group, got, want)
		}
	}
}

func TestAppendMembership(t *testing.T) {
	for group, want := range map[string]struct{ join, leave string }{
		"":                       {"\x04\x05\x04JOIN", "\x04\x06\x05LEAVE"},
		"A":                      {"\x04\x06\x04JOINA", "\x04\x07\x05LEAVEA"},
		strings.Repeat("g", 250): {"\x04\xff\x04JOIN" + strings.Repeat("g", 250), "\x06\x00\x00\x00\x00\x00\x00\x01\x00\x05LEAVE" + strings.Repeat("g", 250)},
		strings.Repeat("g", 255): {"\x06\x00\x00\x00\x00\x00\x00\x01\x04\x04JOIN" + strings.Repeat("g", 255), "\x06\x00\x00\x00\x00\x00\x00\x01\x05\x05LEAVE" + strings.Repeat("g", 255)},
	} {
		if got := AppendJoin([]byte("x"), []byte(group)); string(got) != "x"+want.join {
			t.Errorf("JOIN of %d octets: %q, want %q behind x", len(group), got, want.join)
		}
		if got := AppendLeave([]byte("x"), []byte(group)); string(got) != "x"+want.leave {
			t.Errorf("LEAVE of %d octets: %q, want %q behind x", len(group), got, want.leave)
		}
		for name, b := range map[string][]byte{CommandJoin: AppendJoin(nil, []byte(group)), CommandLeave: AppendLeave(nil, []byte(group))} {
			got, payload, err := ParseCommand(body(t, b))
			if err != nil || got != name || !bytes.Equal(payload, []byte(group)) {
				t.Errorf("%s parsed: %q, %q, %v", name, got, payload, err)
			}
		}
	}
}
