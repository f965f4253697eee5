package zmtp

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
)

// addGoldens seeds f with every golden and its first half.
func addGoldens(f *testing.F) {
	f.Helper()
	for _, name := range goldenNames(f) {
		b := golden(f, name)
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
}

// A header either asks for more, is refused, or is whole; the latter two do not
// change with what follows. What parses is what AppendFrame makes of it, but
// for LONG on a small size.
func FuzzFrame(f *testing.F) {
	addGoldens(f)
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{6, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			if len(b) >= 9 {
				t.Fatalf("%x: a header needs no more than 9 octets", b)
			}
			return
		}
		again, errAgain := ParseHeader(append(bytes.Clone(b), 0xFF))
		if again != h || (err == nil) != (errAgain == nil) {
			t.Fatalf("%x: %+v, %v, with another octet %+v, %v", b, h, err, again, errAgain)
		}
		if short, ok := ParseShortHeader(b); ok && (err != nil || short != h) {
			t.Fatalf("%x: %+v, %v, but short %+v", b, h, err, short)
		}
		if err != nil {
			return
		}
		if h.Size < 0 || h.Len != 2 && h.Len != 9 || h.More() && h.Command() {
			t.Fatalf("%x: %+v", b, h)
		}
		if h.Size > int64(len(b)-h.Len) {
			return
		}
		frame := b[:h.Len+int(h.Size)]
		if h.Len == 9 && h.Size <= 255 {
			return
		}
		if made := AppendFrame(nil, h.Flags, frame[h.Len:]); !bytes.Equal(made, frame) {
			t.Fatalf("%x parsed and appended is %x", frame, made)
		}
	})
}

// A greeting is decided by its first 64 octets, and a refusal by the octet that
// causes it: before it more is asked for, after it nothing changes.
func FuzzGreeting(f *testing.F) {
	addGoldens(f)
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Add(patched(10, 1))
	f.Add(patched(31, 'X'))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), GreetingSize)]
		g, err := ParseGreeting(b)
		refused := false
		for n := range len(b) {
			_, prefixErr := ParseGreeting(b[:n])
			more := errors.Is(prefixErr, io.ErrUnexpectedEOF)
			switch {
			case prefixErr == nil, more && refused:
				t.Fatalf("%x: of %d octets %v, after a refusal %v", b, n, prefixErr, refused)
			case !more && !reflect.DeepEqual(prefixErr, err):
				t.Fatalf("%x: %v, of %d octets %v", b, err, n, prefixErr)
			}
			refused = !more
		}
		if err != nil {
			return
		}
		if len(b) != GreetingSize || g.Major < 3 || !validMechanism(g.Mechanism) {
			t.Fatalf("%x: %+v", b, g)
		}
		again, err := ParseGreeting(AppendGreeting(nil, g))
		if want := (Greeting{3, 1, g.Mechanism, g.AsServer}); err != nil || again != want {
			t.Fatalf("%+v appended and parsed is %+v, %v", g, again, err)
		}
	})
}

// What parses as a command is name and payload of the body; payloads parse
// without panic.
func FuzzCommand(f *testing.F) {
	for _, name := range goldenNames(f) {
		if h, err := ParseHeader(golden(f, name)); err == nil && h.Command() {
			f.Add(golden(f, name)[h.Len:])
		}
	}
	f.Add([]byte("\x05ERROR\xff"))
	f.Add([]byte("\x04PING\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		name, payload, err := ParseCommand(b)
		if err != nil {
			if kindOf(err) != BadCommand {
				t.Fatalf("%x: error %v", b, err)
			}
			return
		}
		if made := append(append([]byte{byte(len(name))}, name...), payload...); name == "" || !bytes.Equal(made, b) {
			t.Fatalf("%x parsed is %q and %x", b, name, payload)
		}
		if reason, err := ParseError(payload); err == nil {
			if !bytes.HasPrefix(b, body(t, AppendError(nil, reason))) && name == CommandError {
				t.Fatalf("%x: reason %q", b, reason)
			}
		}
		if ttl, context, err := ParsePing(payload); err == nil {
			if !bytes.HasPrefix(b, body(t, AppendPing(nil, ttl, context))) && name == CommandPing {
				t.Fatalf("%x: TTL %v, context %x", b, ttl, context)
			}
		}
	})
}

// What parses as metadata is valid and appends to the same octets. It holds no
// more than 4 times them and 4 KiB, a name counted with 16 octets more.
func FuzzMetadata(f *testing.F) {
	for _, name := range goldenNames(f) {
		b := golden(f, name)
		if h, err := ParseHeader(b); err == nil && h.Command() {
			if name, payload, err := ParseCommand(b[h.Len:]); err == nil && name == CommandReady {
				f.Add(payload)
			}
		}
	}
	f.Add(properties(MaxProperties).Append(nil))
	f.Add(properties(MaxProperties + 1).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		md, err := ParseMetadata(b)
		if err != nil {
			if kind := kindOf(err); kind != BadMetadata && kind != TooLarge {
				t.Fatalf("%x: error %v", b, err)
			}
			return
		}
		if err := md.Validate(); err != nil {
			t.Fatalf("%x parses, but %v", b, err)
		}
		if made := md.Append(nil); !bytes.Equal(made, b) || md.size() != len(b) {
			t.Fatalf("%x parsed and appended is %x", b, made)
		}
		held := cap(md)*int(reflect.TypeFor[Property]().Size()) + len(b)
		for _, p := range md {
			held += len(p.Name) + 16
		}
		if held > 4*len(b)+4<<10 {
			t.Fatalf("%d octets are held for %d received", held, len(b))
		}
	})
}

// The handshake comes to the same end however its octets are cut, and holds
// little more than they.
func FuzzHandshake(f *testing.F) {
	ready, hello := golden(f, "ready_dealer"), golden(f, "greeting")
	for _, name := range goldenNames(f) {
		if isGreeting(name) {
			f.Add(append(golden(f, name), ready...), uint64(1), false)
		} else {
			f.Add(append(bytes.Clone(hello), golden(f, name)...), uint64(len(name)), true)
			f.Add(append(append(bytes.Clone(hello), ready...), golden(f, name)...), uint64(7), false)
		}
	}
	f.Add(append(patched(12, []byte("CHALLENGE")...), "\x04\x06\x05HELLO"...), uint64(3), true)
	f.Fuzz(func(t *testing.T, b []byte, cut uint64, server bool) {
		whole, atOnce := runHandshake(b, server, func() int { return len(b) })
		pieced, inPieces := runHandshake(b, server, func() int {
			cut = cut*6364136223846793005 + 1442695040888963407 // Knuth's MMIX generator
			return 1 + int(cut>>60)
		})
		if !reflect.DeepEqual(atOnce, inPieces) {
			t.Fatalf("at once  %+v\nin pieces %+v", atOnce, inPieces)
		}
		for _, h := range []*Handshake{whole, pieced} {
			if limit := 4*len(b) + 4<<10; cap(h.buf) > limit {
				t.Fatalf("%d octets are held for %d received", cap(h.buf), len(b))
			}
			if h.Done() && h.err != nil {
				t.Fatalf("done, and %v", h.err)
			}
		}
	})
}

// outcome is all that a handshake's caller can see of it. What is left of the
// input has no meaning after an error.
type outcome struct {
	Done bool
	Peer Peer
	Out  []byte
	Rest int
	Err  string
}

// runHandshake feeds b in pieces of what size returns. As a server it has a
// mechanism that waits for an authenticator, who then agrees.
func runHandshake(b []byte, server bool, size func() int) (*Handshake, outcome) {
	config := Config{SocketType: "ROUTER", SendIdentity: true, MaxCommand: 1 << 10}
	mech := &challenge{server: true}
	if server {
		config.Mechanism = mech
	}
	h := NewHandshake(config)
	o := outcome{Out: h.Output()}
	for len(b) > 0 && !h.Done() && o.Err == "" {
		n, err := h.Receive(b[:min(len(b), size())])
		if err != nil {
			o.Err = err.Error()
		}
		o.Out = append(o.Out, h.Output()...)
		b = b[n:]
		if n == 0 && mech.State() != Waiting {
			break
		}
		if mech.State() == Waiting {
			mech.answer(true)
		}
	}
	if o.Err == "" {
		o.Rest = len(b)
	}
	o.Done, o.Peer = h.Done(), h.Peer()
	return h, o
}
