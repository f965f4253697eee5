package ws

import (
	"bytes"
	"errors"
	"testing"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// Whatever a message holds, it becomes one frame with the same body, or is
// refused; and the frame becomes that message again.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x00body", "\x01more", ready("PUSH"), "\x03", "\x04", "\xff", "\x00" + string(make([]byte, 300))} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, message []byte, unnamed bool) {
		b, err := readMessage(nil, bytes.NewReader(message))
		if err != nil || !bytes.Equal(b[head-1:], message) {
			t.Fatalf("read %q, %v", b, err)
		}
		c := &conn{unnamed: unnamed}
		frame, err := c.frame(b, true)
		if err != nil {
			if !errors.Is(err, transport.ErrProtocol) {
				t.Fatalf("%q: %v, want ErrProtocol", message, err)
			}
			return
		}
		h, err := zmtp.ParseHeader(frame)
		if err != nil || int64(len(frame)-h.Len) != h.Size {
			t.Fatalf("%q became %q: %v", message, frame, err)
		}
		if unnamed {
			if name, _, err := zmtp.ParseCommand(frame[h.Len:]); !h.Command() || name != zmtp.CommandReady || err != nil {
				t.Fatalf("an identity became %q: %v", frame, err)
			}
			return
		}
		if again := append([]byte{flagsOut(h)}, frame[h.Len:]...); !bytes.Equal(again, message) {
			t.Fatalf("%q became %q again", message, again)
		}
	})
}

// An address is refused as such or parted into two that belong to it.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"127.0.0.1:80", "h:1/a/b?c", "a;b:1/", "[::1%e]:1/%20", "h:1/#", "//", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		below, path, err := New().split(address, true)
		if err != nil {
			if e := new(transport.EndpointError); !errors.As(err, &e) {
				t.Fatalf("%q: %v", address, err)
			}
			return
		}
		if below+path != address && below+path != address+"/" || path[0] != '/' {
			t.Fatalf("%q parted into %q and %q", address, below, path)
		}
		hostOf(below)
	})
}
