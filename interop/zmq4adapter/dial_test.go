package zmq4adapter_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/zmq4adapter"
	"github.com/brokerless/brokerless/socket"
)

// nowhere returns a tcp endpoint at which nobody listens.
func nowhere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return "tcp://" + l.Addr().String()
}

// TestDialGivesUp counts the attempts before Dial fails, and finds nothing left
// of them.
func TestDialGivesUp(t *testing.T) {
	for _, retries := range []int{0, 3} {
		s := newSocket(t, zmq4adapter.Push, zmq4adapter.WithDialerRetry(time.Millisecond),
			zmq4adapter.WithDialerMaxRetries(retries), zmq4adapter.WithTimeout(0))
		endpoint := nowhere(t)
		err := s.Dial(endpoint)
		var op *socket.OpError
		if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) || op.Op != "dial" || op.Endpoint != endpoint || op.Socket != "PUSH" {
			t.Errorf("got %v, want the reason and what was dialed", err)
		}
		attempts := map[int]string{0: "after 1 attempts", 3: "after 4 attempts"}[retries]
		if !strings.Contains(err.Error(), attempts) {
			t.Errorf("got %v, want %q", err, attempts)
		}
		if err := s.Send(zmq4adapter.NewMsgString("x")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sent to an endpoint that was given up: %v", err)
		}
		// It can be dialed again.
		pull := newSocket(t, zmq4adapter.Pull)
		must(t, pull.Listen(endpoint))
		must(t, s.Dial(endpoint))
		send(t, s, "found")
		expect(t, pull, "found")
	}
}

// TestDialWaits listens after somebody has begun to dial.
func TestDialWaits(t *testing.T) {
	for _, scheme := range []string{"tcp", "ipc", "inproc"} {
		t.Run(scheme, func(t *testing.T) {
			endpoint := address(t, scheme)
			if scheme == "tcp" {
				endpoint = nowhere(t)
			}
			push := newSocket(t, zmq4adapter.Push, zmq4adapter.WithDialerRetry(10*time.Millisecond), zmq4adapter.WithDialerMaxRetries(-1))
			done := make(chan error)
			go func() { done <- push.Dial(endpoint) }()
			pull := newSocket(t, zmq4adapter.Pull)
			must(t, pull.Listen(endpoint))
			must(t, <-done)
			send(t, push, "x")
			expect(t, pull, "x")
		})
	}
}

// TestDialNobodyInProcess dials a name that nobody listens on.
func TestDialNobodyInProcess(t *testing.T) {
	s := newSocket(t, zmq4adapter.Sub, zmq4adapter.WithDialerMaxRetries(0))
	if err := s.Dial("inproc://" + t.Name()); err == nil || !strings.Contains(err.Error(), "nobody listens there") {
		t.Errorf("got %v", err)
	}
}

// TestDialRefused dials peers that the socket cannot talk to: it does not try
// for long.
func TestDialRefused(t *testing.T) {
	for _, scheme := range []string{"tcp", "inproc"} {
		pub := newSocket(t, zmq4adapter.Pub)
		endpoint := listen(t, pub, address(t, scheme))
		s := newSocket(t, zmq4adapter.Pair, zmq4adapter.WithDialerMaxRetries(-1))
		if err := s.Dial(endpoint); !errors.Is(err, socket.ErrProtocol) {
			t.Errorf("a PAIR that dialed a PUB over %s: %v", scheme, err)
		}
	}
	for _, endpoint := range []string{"", "tcp", "tcp://", "tcp://127.0.0.1", "udp://127.0.0.1:1", "tcp://127.0.0.1:*", "ipc://"} {
		if err := newSocket(t, zmq4adapter.Pair).Dial(endpoint); !errors.Is(err, socket.ErrEndpoint) {
			t.Errorf("Dial(%q): %v", endpoint, err)
		}
		if strings.HasSuffix(endpoint, "*") {
			continue
		}
		if err := newSocket(t, zmq4adapter.Pair).Listen(endpoint); !errors.Is(err, socket.ErrEndpoint) {
			t.Errorf("Listen(%q): %v", endpoint, err)
		}
	}
}

// TestDialAgain dials an endpoint more than once, at the same time and after
// it, of which the PUSH makes no second connection.
func TestDialAgain(t *testing.T) {
	pull, other := newSocket(t, zmq4adapter.Pull), newSocket(t, zmq4adapter.Pull)
	push := newSocket(t, zmq4adapter.Push)
	endpoint := listen(t, pull, address(t, "tcp"))
	done := make(chan error)
	for range 4 {
		go func() { done <- push.Dial(endpoint) }()
	}
	for range 4 {
		must(t, <-done)
	}
	must(t, push.Dial(endpoint))
	must(t, push.Dial(listen(t, other, address(t, "tcp"))))
	for _, text := range []string{"1", "2", "3", "4"} {
		send(t, push, text)
	}
	expect(t, pull, "1")
	expect(t, other, "2")
	expect(t, pull, "3")
	expect(t, other, "4")
}

// TestDialAnyHost dials the address that a peer listens on, host and all.
func TestDialAnyHost(t *testing.T) {
	pull, push := newSocket(t, zmq4adapter.Pull), newSocket(t, zmq4adapter.Push)
	must(t, pull.Listen("tcp://*:0"))
	_, port, err := net.SplitHostPort(pull.Addr().String())
	must(t, err)
	must(t, push.Dial("tcp://*:"+port))
	send(t, push, "x")
	expect(t, pull, "x")
}

// TestReconnect restarts a listener: whoever dialed it comes back, with what it
// had subscribed to.
func TestReconnect(t *testing.T) {
	sub := newSocket(t, zmq4adapter.Sub, zmq4adapter.WithDialerRetry(5*time.Millisecond), zmq4adapter.WithAutomaticReconnect(true))
	must(t, sub.SetOption(zmq4adapter.OptionSubscribe, "a"))
	pub := zmq4adapter.NewPub(t.Context())
	endpoint := listen(t, pub, address(t, "tcp"))
	must(t, sub.Dial(endpoint))
	must(t, pub.Close())
	again := newSocket(t, zmq4adapter.Pub)
	must(t, again.Listen(endpoint))
	eventually(t, "the subscription", func() bool { return len(topicsOf(again)) == 1 })
	send(t, again, "a news")
	expect(t, sub, "a news")
}
