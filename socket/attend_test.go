package socket

import (
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
		<-time.After(time.Millisecond) // until what cancel has started is over
		side := &pull.recv
		side.Lock()
		if x := side.attendable(); x != nil {
			stop := time.AfterFunc(patience, func() { r.Close() }) // or a failure would last for ever
			if err := side.attend(ctx, x); !errors.Is(err, context.Canceled) || !stop.Stop() {
				t.Errorf("waiting with a context that is done = %v", err)
			}
		}
		side.Unlock()
	}
}
