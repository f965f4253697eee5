//go:build unix

package socket

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

// attending returns whether a goroutine of the application waits on the
// connection of its only peer.
func attending(s *socket) bool {
	s.recv.Lock()
	defer s.recv.Unlock()
	return s.recv.attends != nil
}

// An application waits on the connection of a single peer, and only on that:
// not on the notices of an XPUB, which come from no peer.
func TestWaitForNoticesOfNobody(t *testing.T) {
	pub := must(NewXPub())
	ended := make(chan error, 1)
	go func() {
		_, err := pub.Recv(bounded(t))
		ended <- err
	}()
	within(t, func() bool {
		r := &pub.recv
		r.Lock()
		defer r.Unlock()
		return !r.waiters.empty()
	})
	unsent(t, pub.Close(), 0)
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("Recv = %v, want ErrClosed", err)
	}
}

// Whoever waits on a connection is told of the end of its context, also if that
// comes between two messages, when nobody waits.
func TestAttendEndsWithItsContext(t *testing.T) {
	pull := closing(t, must(NewPull()))
	r := dialRaw(t, must(pull.Bind("tcp://127.0.0.1:0")))
	r.meet("PUSH")
	if err := pull.WaitPeers(bounded(t), 1); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		ctx, cancel := context.WithCancel(bounded(t))
		received := make(chan error, 1)
		go func() {
			_, err := pull.Recv(ctx)
			received <- err
		}()
		within(t, func() bool { return attending(pull.socket) })
		r.send(message("m"))
		if err := <-received; err != nil {
			t.Fatal(err)
		}
		cancel()
		side := &pull.recv
		side.Lock()
		side.unfollow()
		side.followed = ctx.Done() // as if what cancel has started were over
		if x := side.attendable(); x != nil {
			stop := time.AfterFunc(patience, func() { r.Close() }) // or a failure would last for ever
			if err := side.attend(ctx, x); !errors.Is(err, context.Canceled) || !stop.Stop() {
				t.Errorf("waiting with a context that is done = %v", err)
			}
		}
		side.Unlock()
	}
}

// Whoever waits on the connection of the only peer hears of a second one.
func TestAttendWithASecondPeer(t *testing.T) {
	pull := closing(t, must(NewPull()))
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	first := dialRaw(t, endpoint)
	first.meet("PUSH")
	if err := pull.WaitPeers(bounded(t), 1); err != nil {
		t.Fatal(err)
	}
	received := make(chan string)
	go func() {
		defer close(received)
		for m := range pull.Messages(bounded(t)) {
			received <- string(m[0])
		}
	}()
	within(t, func() bool { return attending(pull.socket) })
	second := dialRaw(t, endpoint)
	second.meet("PUSH")
	for range 20 {
		second.send(message("second"))
		if m := <-received; m != "second" {
			t.Fatalf("received %q", m)
		}
		first.send(message("first"))
		if m := <-received; m != "first" {
			t.Fatalf("received %q", m)
		}
	}
	second.Close()
	within(t, func() bool { return pull.Stats().Peers == 1 })
	first.send(message("alone"))
	if m := <-received; m != "alone" {
		t.Fatalf("received %q", m)
	}
	unsent(t, pull.Close(), 0)
	if m, more := <-received; more {
		t.Fatalf("received %q after Close", m)
	}
}

// A large body is received whole by whoever waits on the connection.
func TestAttendToALargeBody(t *testing.T) {
	for _, scheme := range []string{"tcp", "ipc"} {
		t.Run(scheme, func(t *testing.T) {
			push, pull := closing(t, must(NewPush())), closing(t, must(NewPull()))
			linked(t, scheme, pull, push)
			var m Message
			for i, n := range []int{1 << 20, 1, 70_000, 3 << 20, 16 << 10} {
				received := make(chan error, 1)
				go func() { received <- pull.RecvInto(bounded(t), &m) }()
				within(t, func() bool { return attending(pull.socket) })
				body := bytes.Repeat([]byte{byte(i + 1)}, n)
				if err := push.Send(bounded(t), body); err != nil {
					t.Fatal(err)
				}
				if err := <-received; err != nil {
					t.Fatal(err)
				}
				if len(m) != 1 || !bytes.Equal(m[0], body) {
					t.Fatalf("received %d frames, want one of %d octets", len(m), n)
				}
			}
		})
	}
}

// Whoever waits on a connection finds its end, and leaves the rest to the
// reader: it does not ask for the connection again.
func TestAttendFindsTheEnd(t *testing.T) {
	for range 50 {
		pull := must(NewPull())
		events := watch(t, pull)
		r := dialRaw(t, must(pull.Bind("tcp://127.0.0.1:0")))
		r.meet("PUSH")
		if err := pull.WaitPeers(bounded(t), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(bounded(t))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				if _, err := pull.Recv(ctx); err != nil {
					return
				}
			}
		}()
		within(t, func() bool { return attending(pull.socket) })
		pull.recv.Lock()
		x := pull.recv.only.session
		pull.recv.Unlock()
		q := x.inlet.Queue()
		q.Lock()
		before := x.refills
		q.Unlock()
		r.Close()
		events.await("the end", kind(EventDisconnected))
		q.Lock()
		times := x.refills - before
		q.Unlock()
		if times > 5 {
			t.Errorf("the connection was attended to %d times after its end", times)
		}
		cancel()
		<-ended
		unsent(t, pull.Close(), 0)
	}
}
