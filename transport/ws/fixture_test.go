package ws

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// patience bounds what never takes that long.
const patience = 30 * time.Second

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// over returns the option of a socket that speaks WebSocket.
func over(opts ...Option) socket.Option { return socket.WithTransport(New(opts...)) }

// quick is a redial that keeps nobody waiting.
func quick() socket.Option { return socket.WithRedial(time.Millisecond, 10*time.Millisecond) }

// closing closes c at the end of the test.
func closing[C io.Closer](t testing.TB, c C) C {
	t.Helper()
	t.Cleanup(func() { c.Close() })
	return c
}

// anySocket is what all sockets have.
type anySocket interface {
	io.Closer
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	WaitPeers(ctx context.Context, n int) error
	Monitor() *socket.Monitor
}

// bind binds s to a free port and returns the endpoint.
func bind(t testing.TB, s anySocket) string {
	t.Helper()
	endpoint, err := s.Bind("ws://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// join binds one, connects the others to it, and waits until it has them all.
func join(t testing.TB, one anySocket, others ...anySocket) (endpoint string) {
	t.Helper()
	endpoint = bind(t, one)
	for _, o := range others {
		if err := o.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.WaitPeers(bounded(t), len(others)); err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// want fails the test unless the next message is this one.
func want(t testing.TB, r socket.Receiver, frames ...string) {
	t.Helper()
	m, err := r.Recv(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(m) != len(frames) {
		t.Fatalf("received %v, want %q", m, frames)
	}
	for i, f := range frames {
		if string(m[i]) != f {
			t.Fatalf("received %v, want %q", m, frames)
		}
	}
}

func send(t testing.TB, s socket.Sender, frames ...string) {
	t.Helper()
	var m [][]byte
	for _, f := range frames {
		m = append(m, []byte(f))
	}
	if err := s.Send(bounded(t), m...); err != nil {
		t.Fatal(err)
	}
}

// await returns the first event of the kind.
func await(t testing.TB, m *socket.Monitor, kind socket.EventKind) socket.Event {
	t.Helper()
	ctx := bounded(t)
	for {
		e, err := m.Next(ctx)
		if err != nil {
			t.Fatalf("no event %q: %v", kind, err)
		}
		if e.Kind == kind {
			return e
		}
	}
}

// served checks that a good peer is still let in and heard.
func served(t testing.TB, pull *socket.Pull, endpoint string, opts ...socket.PushOption) {
	t.Helper()
	push := closing(t, must(socket.NewPush(append([]socket.PushOption{over(), quick()}, opts...)...)))
	if err := errors.Join(push.Connect(endpoint), push.Send(bounded(t), []byte("still there"))); err != nil {
		t.Fatal(err)
	}
	want(t, pull, "still there")
}
