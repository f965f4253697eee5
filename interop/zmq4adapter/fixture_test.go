package zmq4adapter_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
	"github.com/brokerless/brokerless/socket"
)

// patience is how long anything may take that ought to happen soon. The machine
// may be busy; no test measures time.
const patience = 30 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// constructors has one for each type.
func constructors() map[zmq4adapter.SocketType]func(context.Context, ...zmq4adapter.Option) zmq4adapter.Socket {
	return map[zmq4adapter.SocketType]func(context.Context, ...zmq4adapter.Option) zmq4adapter.Socket{
		zmq4adapter.Push: zmq4adapter.NewPush, zmq4adapter.Pull: zmq4adapter.NewPull,
		zmq4adapter.Pub: zmq4adapter.NewPub, zmq4adapter.Sub: zmq4adapter.NewSub,
		zmq4adapter.XPub: zmq4adapter.NewXPub, zmq4adapter.XSub: zmq4adapter.NewXSub,
		zmq4adapter.Req: zmq4adapter.NewReq, zmq4adapter.Rep: zmq4adapter.NewRep,
		zmq4adapter.Dealer: zmq4adapter.NewDealer, zmq4adapter.Router: zmq4adapter.NewRouter,
		zmq4adapter.Pair: zmq4adapter.NewPair,
	}
}

// newSocket makes a socket that is closed when the test is over, and whose waits
// end by then. A test that waits in vain fails with context.DeadlineExceeded.
func newSocket(t *testing.T, kind zmq4adapter.SocketType, opts ...zmq4adapter.Option) zmq4adapter.Socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	quick := zmq4adapter.WithSocketOptions(socket.WithLinger(time.Second))
	s := constructors()[kind](ctx, append([]zmq4adapter.Option{quick}, opts...)...)
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.As(err, new(*socket.UnsentError)) {
			t.Error(err)
		}
		cancel()
	})
	return s
}

// address returns an endpoint to listen on that nobody else has.
func address(t *testing.T, scheme string) string {
	switch scheme {
	case "ipc":
		return "ipc://" + filepath.Join(t.TempDir(), "s")
	case "inproc":
		return "inproc://" + t.Name()
	}
	return "tcp://127.0.0.1:0"
}

// listen makes s listen, and returns where.
func listen(t *testing.T, s zmq4adapter.Socket, endpoint string) string {
	t.Helper()
	must(t, s.Listen(endpoint))
	if a := s.Addr(); a.Network() == "tcp" {
		return "tcp://" + a.String()
	}
	return endpoint
}

// link makes one socket listen and the other dial it.
func link(t *testing.T, scheme string, listener, dialer zmq4adapter.Socket) {
	t.Helper()
	must(t, dialer.Dial(listen(t, listener, address(t, scheme))))
}

func send(t *testing.T, s zmq4adapter.Socket, frames ...string) {
	t.Helper()
	must(t, s.SendMulti(zmq4adapter.NewMsgFromString(frames)))
}

// expect receives one message and compares it.
func expect(t *testing.T, s zmq4adapter.Socket, frames ...string) {
	t.Helper()
	m, err := s.Recv()
	must(t, err)
	if got := text(m); !slices.Equal(got, frames) {
		t.Fatalf("%s got %q, want %q", s.Type(), got, frames)
	}
}

func text(m zmq4adapter.Msg) []string {
	all := make([]string, len(m.Frames))
	for i, f := range m.Frames {
		all[i] = string(f)
	}
	return all
}

// eventually waits until something that nobody announces has become true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// topicsOf returns the topics of a socket that has some.
func topicsOf(s zmq4adapter.Socket) []string { return s.(zmq4adapter.Topics).Topics() }
