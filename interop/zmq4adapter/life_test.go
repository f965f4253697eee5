package zmq4adapter_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
	"github.com/brokerless/brokerless/socket"
)

// TestClosed compares, as programs do, the errors of sockets that are closed or
// whose context is done with those of the context: by ==.
func TestClosed(t *testing.T) {
	ends := map[string]func(t *testing.T) (context.Context, func(zmq4adapter.Socket), error){
		"close": func(t *testing.T) (context.Context, func(zmq4adapter.Socket), error) {
			return t.Context(), func(s zmq4adapter.Socket) { must(t, s.Close()) }, context.Canceled
		},
		"cancel": func(t *testing.T) (context.Context, func(zmq4adapter.Socket), error) {
			ctx, cancel := context.WithCancel(t.Context())
			return ctx, func(zmq4adapter.Socket) { cancel() }, context.Canceled
		},
		"deadline": func(t *testing.T) (context.Context, func(zmq4adapter.Socket), error) {
			ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
			t.Cleanup(cancel)
			return ctx, func(zmq4adapter.Socket) {}, context.DeadlineExceeded
		},
	}
	for name, prepare := range ends {
		t.Run(name, func(t *testing.T) {
			for kind, create := range constructors() {
				ctx, end, want := prepare(t)
				s := create(ctx)
				if ctx.Err() == nil {
					must(t, s.Listen("tcp://127.0.0.1:0"))
				}
				end(s)
				_, recv := s.Recv()
				for call, err := range map[string]error{
					"Recv": recv, "Send": s.Send(zmq4adapter.NewMsgString("x")),
					"Listen": s.Listen("tcp://127.0.0.1:0"), "Dial": s.Dial("tcp://127.0.0.1:1"),
				} {
					if err != want { //nolint:errorlint // that it can be compared is the point
						t.Errorf("%s %s: %v, want %v itself", kind, call, err, want)
					}
				}
				must(t, s.Close())
				must(t, s.Close())
			}
		})
	}
}

// TestInterrupted closes a socket, or ends its context, while calls wait.
func TestInterrupted(t *testing.T) {
	for _, byContext := range []bool{false, true} {
		for kind, call := range map[zmq4adapter.SocketType]func(zmq4adapter.Socket) error{
			zmq4adapter.Pull: func(s zmq4adapter.Socket) error { _, err := s.Recv(); return err },
			zmq4adapter.XPub: func(s zmq4adapter.Socket) error { _, err := s.Recv(); return err },
			zmq4adapter.Push: func(s zmq4adapter.Socket) error { return s.Send(zmq4adapter.NewMsgString("x")) },
			zmq4adapter.Sub:  func(s zmq4adapter.Socket) error { return s.Dial("inproc://" + t.Name()) },
		} {
			ctx, cancel := context.WithCancel(t.Context())
			s := constructors()[kind](ctx, zmq4adapter.WithDialerMaxRetries(-1))
			must(t, s.Listen("tcp://127.0.0.1:0"))
			got := make(chan error)
			go func() { got <- call(s) }()
			if byContext {
				cancel()
			} else {
				must(t, s.Close())
			}
			if err := <-got; err != context.Canceled { //nolint:errorlint // that it can be compared is the point
				t.Errorf("%s, byContext %v: %v", kind, byContext, err)
			}
			must(t, s.Close())
			cancel()
		}
	}
}

// TestContextCloses finds that a socket whose context is done listens no more,
// though nobody has closed it.
func TestContextCloses(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := zmq4adapter.NewPull(ctx)
	must(t, s.Listen("tcp://127.0.0.1:0"))
	cancel()
	eventually(t, "the listener to be gone", func() bool {
		c, err := net.Dial("tcp", s.Addr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	must(t, s.Close())
}

// TestNilContext makes a socket without one.
func TestNilContext(t *testing.T) {
	s := zmq4adapter.NewPair(nil) //nolint:staticcheck // the original takes it
	must(t, s.Listen("tcp://127.0.0.1:0"))
	must(t, s.Close())
}

// TestCloseDelivers closes a PUSH right after it has sent.
func TestCloseDelivers(t *testing.T) {
	pull, push := newSocket(t, zmq4adapter.Pull), newSocket(t, zmq4adapter.Push)
	link(t, "tcp", pull, push)
	for range 100 {
		send(t, push, "kept")
	}
	must(t, push.Close())
	for range 100 {
		expect(t, pull, "kept")
	}
}

// TestUnsent tells what Close had to give up.
func TestUnsent(t *testing.T) {
	var unsent *socket.UnsentError
	eventually(t, "a message for a peer that has left", func() bool {
		s := newSocket(t, zmq4adapter.Dealer, zmq4adapter.WithSocketOptions(socket.WithLinger(0)))
		peer := newSocket(t, zmq4adapter.Dealer)
		link(t, "inproc", peer, s)
		must(t, peer.Close())
		send(t, s, "never")
		return errors.As(s.Close(), &unsent)
	})
	if unsent.Messages != 1 {
		t.Errorf("%d messages, want 1", unsent.Messages)
	}
}

// TestTimeout lets Send wait for nobody, for a while and not at all.
func TestTimeout(t *testing.T) {
	for _, d := range []time.Duration{20 * time.Millisecond, 0, -1} {
		s := newSocket(t, zmq4adapter.Push, zmq4adapter.WithTimeout(d))
		must(t, s.Listen("tcp://127.0.0.1:0"))
		if err := s.Send(zmq4adapter.NewMsgString("x")); err != context.DeadlineExceeded { //nolint:errorlint // as in TestClosed
			t.Errorf("time-out %v: %v", d, err)
		}
	}
	// One that does not wait sends where there is room.
	push, pull := newSocket(t, zmq4adapter.Push, zmq4adapter.WithTimeout(0)), newSocket(t, zmq4adapter.Pull)
	link(t, "tcp", pull, push)
	send(t, push, "at once")
	expect(t, pull, "at once")
}

// TestAddr looks at the addresses of listeners.
func TestAddr(t *testing.T) {
	s := newSocket(t, zmq4adapter.Pull)
	if a := s.Addr(); a != nil {
		t.Errorf("address %v before Listen", a)
	}
	for _, endpoint := range []string{"tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://127.0.0.1:", "tcp://*:*", "tcp://:0", "tcp://[::1]:0"} {
		if err := s.Listen(endpoint); err != nil && strings.Contains(endpoint, "::1") {
			t.Logf("no IPv6: %v", err)
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		a, ok := s.Addr().(*net.TCPAddr)
		if !ok || a.Port == 0 {
			t.Fatalf("%s: address %v (%[2]T), want a *net.TCPAddr with a port", endpoint, s.Addr())
		}
	}
	ipc := address(t, "ipc")
	must(t, s.Listen(ipc))
	if a := s.Addr(); a.Network() != "unix" || "ipc://"+a.String() != ipc {
		t.Errorf("address %s %s, want unix and the path", a.Network(), a)
	}
	must(t, s.Listen("inproc://"+t.Name()))
	if a := s.Addr(); a.Network() != "inproc" || a.String() != t.Name() {
		t.Errorf("address %s %s, want inproc and the name", a.Network(), a)
	}
	must(t, s.Close())
	if _, err := os.Stat(strings.TrimPrefix(ipc, "ipc://")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of %s is left: %v", ipc, err)
	}
}
