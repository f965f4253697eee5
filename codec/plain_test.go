package codec_test

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/codec"
)

func TestText(t *testing.T) {
	c := codec.Text()
	for _, s := range []string{"", "tea", "grüße", "\x00", "\ufffd"} {
		if got := roundTrip(t, c, s); got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	}
	for _, s := range []string{"\xff", "tea\xc3", "\ufffd\xed\xa0\x80"} {
		got := "old"
		if err := c.Decode([]byte(s), &got); !errors.Is(err, codec.ErrMalformed) || got != "" {
			t.Errorf("%q: got %q, %v, want ErrMalformed", s, got, err)
		}
		if got, err := c.Append([]byte("dst"), s); !errors.Is(err, codec.ErrValue) || string(got) != "dst" {
			t.Errorf("%q: got %q, %v, want ErrValue", s, got, err)
		}
	}
	if err := c.Decode([]byte("tea\xc3"), new(string)); !strings.Contains(err.Error(), "octet 3") {
		t.Errorf("got %v, want it to say where", err)
	}
}

func TestBytes(t *testing.T) {
	c := codec.Bytes()
	src := []byte{0, 0xff}
	var got []byte
	if err := c.Decode(src, &got); err != nil || !bytes.Equal(got, src) {
		t.Fatalf("got %q, %v", got, err)
	}
	if src[0] = 1; got[0] != 0 {
		t.Error("what was decoded changed with its octets")
	}
	if err := c.Decode(nil, &got); err != nil || got == nil || len(got) != 0 {
		t.Errorf("got %#v, %v, want no octets, and not nil", got, err)
	}
	if out := sure(c.Append([]byte("a"), []byte("b"))); string(out) != "ab" {
		t.Errorf("got %q", out)
	}
}

// A stubborn has no encoding, though it writes some of it.
type stubborn struct{ s string }

func (s stubborn) AppendBinary(b []byte) ([]byte, error) {
	return append(b, "half"...), errors.New("won't")
}
func (s *stubborn) UnmarshalBinary([]byte) error { s.s = "half"; return errors.New("won't") }

func TestBinary(t *testing.T) {
	addr := netip.MustParseAddrPort("[fe80::1%eth0]:80")
	if got := roundTrip(t, codec.Binary[netip.AddrPort](), addr); got != addr {
		t.Errorf("got %v, want %v", got, addr)
	}
	at := time.Unix(1, 2)
	if got := roundTrip(t, codec.Binary[time.Time](), at); !got.Equal(at) {
		t.Errorf("got %v, want %v", got, at)
	}
	c := codec.Binary[stubborn]()
	got, err := c.Append([]byte("dst"), stubborn{})
	if !errors.Is(err, codec.ErrValue) || string(got) != "dst" || !strings.Contains(err.Error(), "won't") {
		t.Errorf("got %q, %v", got, err)
	}
	v := stubborn{"old"}
	if err := c.Decode(nil, &v); !errors.Is(err, codec.ErrMalformed) || v.s != "" {
		t.Errorf("got %v, %v", v, err)
	}
}

// sure returns v, which a test has no reason to expect to fail.
func sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
