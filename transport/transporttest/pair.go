package transporttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// context is done when the test is over or has taken too long.
func (s *suite) context(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), s.Patience)
	t.Cleanup(cancel)
	return ctx
}

// listen binds a fresh address until the test is over.
func (s *suite) listen(t *testing.T) net.Listener {
	t.Helper()
	return s.listenOn(t, s.Address(t))
}

func (s *suite) listenOn(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := s.transport.Listen(s.context(t), address)
	if err != nil {
		t.Fatalf("Listen(%q): %v", address, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// vacant returns an address that was bound a moment ago and is free again.
func (s *suite) vacant(t *testing.T) string {
	t.Helper()
	l := s.listen(t)
	if err := l.Close(); err != nil {
		t.Fatalf("Close of a listener: %v", err)
	}
	return l.Addr().String()
}

// connect dials l and accepts, and returns both ends, which close when the test is over.
func (s *suite) connect(t *testing.T, l net.Listener) (dialed, accepted net.Conn) {
	t.Helper()
	accept := start(l.Accept)
	address := l.Addr().String()
	dialed, err := s.transport.Dial(s.context(t), address)
	if err != nil {
		t.Fatalf("Dial(%q): %v", address, err)
	}
	t.Cleanup(func() { dialed.Close() })
	accepted, err = await(s, t, "Accept", accept)
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	t.Cleanup(func() { accepted.Close() })
	for _, c := range []net.Conn{dialed, accepted} {
		if err := c.SetDeadline(time.Now().Add(s.Patience)); err != nil {
			t.Fatalf("SetDeadline: %v", err)
		}
	}
	return dialed, accepted
}

func (s *suite) pair(t *testing.T) (dialed, accepted net.Conn) {
	t.Helper()
	return s.connect(t, s.listen(t))
}

// noise returns n octets that differ from one seed to the next, so that no two transfers are alike.
func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// carry writes b to one connection, reads it from the other, and reports the first difference.
func carry(from io.Writer, to io.Reader, b []byte) error {
	written := start(func() (int, error) { return from.Write(b) })
	got := make([]byte, len(b))
	if n, err := io.ReadFull(to, got); err != nil {
		return fmt.Errorf("read %d of %d octets: %w", n, len(b), err)
	}
	if w := <-written; w.err != nil || w.value != len(b) {
		return fmt.Errorf("wrote %d of %d octets: %w", w.value, len(b), w.err)
	}
	for i := range b {
		if got[i] != b[i] {
			return fmt.Errorf("octet %d of %d is %#x, want %#x", i, len(b), got[i], b[i])
		}
	}
	return nil
}

// talk checks that octets pass both ways.
func talk(t *testing.T, a, b net.Conn) {
	t.Helper()
	if err := errors.Join(carry(a, b, []byte("there")), carry(b, a, []byte("and back"))); err != nil {
		t.Fatal(err)
	}
}
