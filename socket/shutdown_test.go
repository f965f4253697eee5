package socket

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"
)

var schemes = []string{"tcp", "ipc", "inproc"}

// overAll runs a test over every transport.
func overAll(t *testing.T, test func(t *testing.T, scheme string)) {
	t.Helper()
	for _, scheme := range schemes {
		t.Run(scheme, func(t *testing.T) { test(t, scheme) })
	}
}

// numbered sends the messages from to to-1, each its number.
func numbered(t testing.TB, s Sender, from, to int) {
	t.Helper()
	ctx := bounded(t)
	for i := from; i < to; i++ {
		if err := s.Send(ctx, binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
			t.Fatal(err)
		}
	}
}

// inOrder receives the messages from to to-1.
func inOrder(t testing.TB, s Receiver, from, to int) {
	t.Helper()
	ctx := bounded(t)
	for i := from; i < to; i++ {
		m, err := s.Recv(ctx)
		if err != nil {
			t.Fatalf("message %d of %d: %v", i, to, err)
		}
		if got := int(binary.BigEndian.Uint32(m[len(m)-1])); got != i {
			t.Fatalf("received %d, want %d", got, i)
		}
	}
}

// unsent holds the error of Close against the number it has to tell.
func unsent(t testing.TB, err error, want int) {
	t.Helper()
	var u *UnsentError
	if want == 0 {
		if err != nil {
			t.Errorf("closing: %v", err)
		}
		return
	}
	if !errors.As(err, &u) || u.Messages != want {
		t.Errorf("closing: %v, want %d messages abandoned", err, want)
	}
}

// TestCloseFlushes: what Send accepted before Close reaches a peer that is
// there, all of it and in order, however slowly that takes it.
func TestCloseFlushes(t *testing.T) {
	const n = 20_000
	overAll(t, func(t *testing.T, scheme string) {
		push := must(NewPush(WithSendHWM(0)))
		pull := closing(t, must(NewPull(WithRecvHWM(10))))
		linked(t, scheme, pull, push)
		numbered(t, push, 0, n)
		closed := make(chan error, 1)
		go func() { closed <- push.Shutdown(bounded(t)) }()
		inOrder(t, pull, 0, n)
		unsent(t, <-closed, 0)
		balanced(t, "PUSH", push.Stats())
		balanced(t, "PULL", pull.Stats())
		if out := push.Stats().Out; out.Delivered != n {
			t.Errorf("out: %+v", out)
		}
	})
}

// TestCloseFlushesToThePeerToCome: Shutdown gives a peer that is not there yet
// the time of its context, and Close with a negative linger all the time.
func TestCloseFlushesToThePeerToCome(t *testing.T) {
	for name, shut := range map[string]func(t *testing.T, s *Push) error{
		"Shutdown":          func(t *testing.T, s *Push) error { t.Helper(); return s.Shutdown(bounded(t)) },
		"Close for ever":    func(_ *testing.T, s *Push) error { return s.Close() },
		"Close after Close": func(_ *testing.T, s *Push) error { go s.Close(); return s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			overAll(t, func(t *testing.T, scheme string) {
				pull := closing(t, must(NewPull()))
				endpoint := anywhere(t, scheme)
				if scheme == "ipc" { // the path has to outlast the listener
					endpoint = "ipc://" + filepath.Join(t.TempDir(), "s")
				}
				endpoint = must(pull.Bind(endpoint))
				if err := pull.Unbind(endpoint); err != nil {
					t.Fatal(err)
				}
				push := must(NewPush(WithLinger(-1), WithRedial(time.Millisecond, time.Millisecond)))
				failed := watch(t, push)
				if err := push.Connect(endpoint); err != nil {
					t.Fatal(err)
				}
				numbered(t, push, 0, 100)
				closed := make(chan error, 1)
				go func() { closed <- shut(t, push) }()
				if scheme != "inproc" { // there, dialing waits
					failed.await("nobody there", kind(EventConnectFailed))
				}
				rebind(t, pull, endpoint)
				inOrder(t, pull, 0, 100)
				unsent(t, <-closed, 0)
			})
		})
	}
}

// rebind binds an endpoint that was unbound a moment ago and may still be on
// its way out.
func rebind(t testing.TB, s node, endpoint string) {
	t.Helper()
	ctx := bounded(t)
	for ctx.Err() == nil {
		if _, err := s.Bind(endpoint); err == nil {
			return
		}
	}
	t.Fatalf("%s stays taken", endpoint)
}

// TestCloseAbandons: what nobody takes in time is given up and counted.
func TestCloseAbandons(t *testing.T) {
	past, cancel := context.WithCancel(t.Context())
	cancel()
	overAll(t, func(t *testing.T, scheme string) {
		nowhere := closing(t, must(NewPull()))
		endpoint := must(nowhere.Bind(anywhere(t, scheme)))
		nowhere.Close()
		for name, shut := range map[string]func(*Push) error{
			"no linger":    (*Push).Close,
			"past context": func(s *Push) error { return s.Shutdown(past) },
		} {
			t.Run(name, func(t *testing.T) {
				push := must(NewPush(WithLinger(0)))
				if err := push.Connect(endpoint); err != nil {
					t.Fatal(err)
				}
				numbered(t, push, 0, 7)
				err := shut(push)
				unsent(t, err, 7)
				var op *OpError
				if !errors.As(err, &op) || op.Socket != "PUSH" {
					t.Errorf("closing: %v", err)
				}
				unsent(t, push.Close(), 0)
				if out := push.Stats().Out; out.Messages != 7 || out.Dropped[DropClosed] != 7 {
					t.Errorf("out: %+v", out)
				}
			})
		}
		t.Run("nothing queued", func(t *testing.T) {
			push := must(NewPush())
			if err := push.Connect(endpoint); err != nil {
				t.Fatal(err)
			}
			unsent(t, push.Close(), 0)
		})
	})
}

// TestCloseDropsUnread: messages the application has not received are counted
// as dropped when it closes.
func TestCloseDropsUnread(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		push, pull := closing(t, must(NewPush())), must(NewPull())
		linked(t, scheme, pull, push)
		numbered(t, push, 0, 50)
		inOrder(t, pull, 0, 10)
		for pull.Stats().In.Messages < 50 { // the rest is on its way
			if bounded(t).Err() != nil {
				t.Fatal("messages are missing")
			}
		}
		unsent(t, pull.Close(), 0)
		if in := pull.Stats().In; in.Messages != 50 || in.Delivered != 10 || in.Dropped[DropClosed] != 40 {
			t.Errorf("in: %+v", in)
		}
	})
}

// TestCloseAtOnce: of many that close a socket, all wait for its end and at
// most one is told of unsent messages.
func TestCloseAtOnce(t *testing.T) {
	push := must(NewPush(WithLinger(20 * time.Millisecond)))
	if err := push.Connect(anywhere(t, "inproc")); err != nil {
		t.Fatal(err)
	}
	numbered(t, push, 0, 3)
	ends := make(chan error)
	for range 20 {
		go func() {
			err := push.Close()
			if n := push.Stats().Out.Queued; n != 0 {
				err = errors.Join(err, errors.New("messages are queued after Close"))
			}
			ends <- err
		}()
	}
	told := 0
	for range 20 {
		if err := <-ends; err != nil {
			told++
			unsent(t, err, 3)
		}
	}
	if told != 1 {
		t.Errorf("%d were told of unsent messages, want 1", told)
	}
}

// TestCloseFlushesToEach: a publisher flushes to all of its subscribers.
func TestCloseFlushesToEach(t *testing.T) {
	const n = 3000
	overAll(t, func(t *testing.T, scheme string) {
		pub := must(NewPub(WithSendHWM(0)))
		endpoint := must(pub.Bind(anywhere(t, scheme)))
		var subs []*Sub
		for range 3 {
			sub := closing(t, must(NewSub(WithRecvHWM(0))))
			if err := errors.Join(sub.Subscribe(""), sub.Connect(endpoint)); err != nil {
				t.Fatal(err)
			}
			subs = append(subs, sub)
		}
		if err := pub.WaitSubscribers(bounded(t), "", len(subs)); err != nil {
			t.Fatal(err)
		}
		numbered(t, pub, 0, n)
		unsent(t, pub.Close(), 0)
		for _, sub := range subs {
			inOrder(t, sub, 0, n)
		}
		if out := pub.Stats().Out; out.Messages != n*3 || out.Delivered != n*3 {
			t.Errorf("out: %+v", out)
		}
	})
}

// TestCloseEndsConnections: peers see the end of the connection.
func TestCloseEndsConnections(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		push, pull := closing(t, must(NewPush())), must(NewPull())
		events := watch(t, push)
		endpoint := linked(t, scheme, pull, push)
		unsent(t, pull.Close(), 0)
		e := events.await("disconnected", kind(EventDisconnected))
		if e.Endpoint != endpoint || e.Err == nil || errors.Is(e.Err, ErrProtocol) || e.Peer.SocketType != "PULL" {
			t.Errorf("event %v", e)
		}
		if network, address, ok := dialable(endpoint); ok {
			if c, err := net.Dial(network, address); err == nil {
				c.Close()
				t.Errorf("somebody still listens on %s", endpoint)
			}
		}
	})
}
