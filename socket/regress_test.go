package socket

import (
	"context"
	"errors"
	"testing"
	"time"
)

// stuffed sends to the subscriber of pub until it takes no more, and begins a
// Send that has to wait. It returns the end of that Send.
func stuffed(t *testing.T, pub *Pub, topic string) <-chan error {
	t.Helper()
	body := append([]byte(topic), make([]byte, 1<<20)...)
	done := make(chan error, 1)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := pub.Send(ctx, body)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	go func() { done <- pub.Send(bounded(t), body) }()
	for waits := false; !waits; {
		pub.socket.send.Lock()
		waits = !pub.socket.send.waiters.empty()
		pub.socket.send.Unlock()
	}
	return done
}

// A Send that waits for a full subscriber goes on when that one is no
// subscriber any more, though its queue stays full.
func TestNoDropSendGoesOnWithoutTheFullSubscriber(t *testing.T) {
	for _, c := range []struct {
		name, scheme string
		leave        func(pub *Pub, sub *Sub, endpoint string) error
	}{
		{"cancels", "tcp", func(_ *Pub, sub *Sub, _ string) error { return sub.Unsubscribe("a") }},
		{"cancels in process", "inproc", func(_ *Pub, sub *Sub, _ string) error { return sub.Unsubscribe("a") }},
		{"unbound", "tcp", func(pub *Pub, _ *Sub, endpoint string) error { return pub.Unbind(endpoint) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			pub := closing(t, must(NewPub(WithNoDrop(), WithSendHWM(1), WithLinger(-1))))
			sub := closing(t, must(NewSub(WithRecvHWM(1))))
			t.Cleanup(func() { _ = sub.Close() }) // first, else pub lingers for it
			endpoint := linked(t, c.scheme, pub, sub)
			if err := sub.Subscribe("a"); err != nil {
				t.Fatal(err)
			}
			if err := pub.WaitSubscribers(bounded(t), "a", 1); err != nil {
				t.Fatal(err)
			}
			done := stuffed(t, pub, "a")
			if err := c.leave(pub, sub, endpoint); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Errorf("Send = %v", err)
			}
		})
	}
}

// A subscription that an in-process subscriber makes while the publisher's end
// is already taken down leaves nobody among the subscribers.
func TestSubscriptionAfterTheEndLeavesNoGhost(t *testing.T) {
	pub := closing(t, must(NewPub()))
	sub := closing(t, must(NewSub()))
	linked(t, "inproc", pub, sub)
	var x *session
	sub.socket.mu.Lock()
	for one := range sub.sessions {
		x = one
	}
	sub.socket.mu.Unlock()
	w := watch(t, pub)
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	w.await("the end", kind(EventDisconnected))
	x.tellTwin([]byte("a"), true)
	pub.socket.send.Lock()
	defer pub.socket.send.Unlock()
	if pub.match([]byte("a")); len(pub.matches) != 0 {
		t.Errorf("%d subscribers, want none", len(pub.matches))
	}
}

// Close with a linger time without end does not wait for a peer for whom
// nothing is left, because the request was given up by Close itself.
func TestCloseOfReqDoesNotLingerForARequestGivenUp(t *testing.T) {
	req := must(NewReq(WithLinger(-1)))
	if err := req.Connect(anywhere(t, "inproc")); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := req.Request(bounded(t), []byte("anybody?"))
		ended <- err
	}()
	for req.Stats().Out.Queued == 0 {
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := req.Shutdown(ctx); err != nil || ctx.Err() != nil {
		t.Errorf("Shutdown = %v; context: %v", err, ctx.Err())
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("Request = %v, want ErrClosed", err)
	}
}

// What an XPUB shows of several subscribers comes in the order in which the
// topic changed hands, so that who follows it knows whether anybody listens.
func TestNoticesOfSeveralPeersKeepTheirOrder(t *testing.T) {
	pub := closing(t, must(NewXPub()))
	a, b := closing(t, must(NewSub())), closing(t, must(NewSub()))
	linked(t, "inproc", pub, a)
	linked(t, "inproc", pub, b)
	if err := errors.Join(pub.WaitPeers(bounded(t), 2), b.Subscribe("other")); err != nil {
		t.Fatal(err)
	}
	if err := pub.WaitSubscribers(bounded(t), "other", 1); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Subscribe("topic"), b.Unsubscribe("topic"), a.Subscribe("topic")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x01other", "\x01topic", "\x00topic", "\x01topic"} {
		m, err := pub.Recv(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		if string(m[0]) != want {
			t.Fatalf("received %q, want %q", m[0], want)
		}
	}
}

// The limits of a receiver hold for peers in its own process too.
func TestLimitsHoldInProcess(t *testing.T) {
	for _, c := range []struct {
		name    string
		message Message
	}{
		{"octets", Message{make([]byte, 11)}},
		{"frames", Message{nil, nil, nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pull := closing(t, must(NewPull(WithMaxMessageSize(10), WithMaxFrames(2))))
			push := closing(t, must(NewPush(WithRedial(time.Millisecond, time.Millisecond))))
			events := pull.Monitor()
			linked(t, "inproc", pull, push)
			send := func(m ...[]byte) {
				t.Helper()
				if err := push.Send(bounded(t), m...); err != nil {
					t.Fatal(err)
				}
			}
			at := [][]byte{make([]byte, 4), make([]byte, 6)}
			send(at...)
			send(c.message...)
			if m, err := pull.Recv(bounded(t)); err != nil || len(m) != 2 {
				t.Fatalf("a message at the limits: %v, %v", m, err)
			}
			ctx, cancel := context.WithCancel(bounded(t))
			defer cancel()
			got := make(chan Message, 1)
			go func() {
				if m, err := pull.Recv(ctx); err == nil {
					got <- m
				}
				close(got)
			}()
			for e := range events.Events(bounded(t)) {
				if e.Kind == EventDisconnected {
					if !errors.Is(e.Err, ErrTooLarge) {
						t.Errorf("disconnected because %v", e.Err)
					}
					break
				}
			}
			send(at...) // the next connection serves
			if m := <-got; len(m) != 2 {
				t.Errorf("received %v", m)
			}
			if n := pull.Stats().In.Dropped[DropTooLarge]; n != 1 {
				t.Errorf("%d counted as too large", n)
			}
		})
	}
}
