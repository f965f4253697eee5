package transporttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// Where nobody listens Dial either fails at once, and says where, or waits for ctx.
func (s *suite) testDialNobody(t *testing.T) {
	address := s.vacant(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dial := start(func() (net.Conn, error) { return s.transport.Dial(ctx, address) })
	cancel()
	conn, err := await(s, t, "Dial with a cancelled context", dial)
	if err == nil {
		conn.Close()
		t.Fatalf("Dial(%q) succeeded where nobody listens", address)
	}
	if !strings.Contains(err.Error(), address) {
		t.Errorf("the error does not name %q: %v", address, err)
	}
}

// A context that is done already ends Dial with its error, also where somebody listens.
func (s *suite) testDialCancelled(t *testing.T) {
	l := s.listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dial := start(func() (net.Conn, error) { return s.transport.Dial(ctx, l.Addr().String()) })
	conn, err := await(s, t, "Dial with a cancelled context", dial)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Dial with a cancelled context: %v; want one that matches context.Canceled", err)
	}
	talkOver(s, t, l)
}

// The contexts of Dial and Listen have no say once those have returned.
func (s *suite) testContextEndsWithCall(t *testing.T) {
	ctx, cancel := context.WithCancel(s.context(t))
	l, err := s.transport.Listen(ctx, s.Address(t))
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	defer l.Close()
	accept := start(l.Accept)
	a, err := s.transport.Dial(ctx, l.Addr().String())
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	defer a.Close()
	b, err := await(s, t, "Accept", accept)
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	defer b.Close()
	cancel()
	talked := start(func() (struct{}, error) { return struct{}{}, carry(a, b, []byte("still there")) })
	if _, err := await(s, t, "Write or Read", talked); err != nil {
		t.Error(err)
	}
	talkOver(s, t, l)
}

// Many Dials at once all get a connection of their own.
func (s *suite) testConcurrentDials(t *testing.T) {
	const dials = 64
	l := s.listen(t)
	served := start(func() (struct{}, error) { return struct{}{}, echo(l, dials) })
	ctx, address := s.context(t), l.Addr().String()
	calls := make([]<-chan outcome[struct{}], dials)
	for i := range calls {
		calls[i] = start(func() (struct{}, error) { return struct{}{}, s.exchange(ctx, address, noise(uint64(i), 4096)) })
	}
	for i, call := range calls {
		if _, err := await(s, t, fmt.Sprintf("dial %d", i), call); err != nil {
			t.Errorf("dial %d: %v", i, err)
		}
	}
	l.Close() // which also ends echo early when a dial failed
	if _, err := await(s, t, "the echo", served); err != nil && !t.Failed() {
		t.Error(err)
	}
}

// echo accepts n connections, all at a time, and sends back what comes until the other end is closed.
func echo(l net.Listener, n int) error {
	served := make(chan error, n)
	accepted := 0
	var failed error
	for ; accepted < n; accepted++ {
		conn, err := l.Accept()
		if err != nil {
			failed = err
			break
		}
		go func() {
			_, err := io.Copy(conn, conn)
			served <- errors.Join(err, conn.Close())
		}()
	}
	for range accepted {
		failed = errors.Join(failed, <-served)
	}
	return failed
}

// exchange dials address, where echo is, sends b and expects it back.
func (s *suite) exchange(ctx context.Context, address string, b []byte) error {
	conn, err := s.transport.Dial(ctx, address)
	if err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	err = conn.SetDeadline(deadline)
	if err == nil {
		err = carry(conn, conn, b)
	}
	return errors.Join(err, conn.Close())
}
