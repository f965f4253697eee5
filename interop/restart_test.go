package interop

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// TestTheirPublisherRestarts kills the process we have subscribed at and starts
// another at the same place: it is told all subscriptions that are left, and no
// others (WT-98).
func TestTheirPublisherRestarts(t *testing.T) {
	eachScheme(t, rowTheirPub, everyPeer, func(t *testing.T, p *process, scheme string) {
		sub := newOurs(t, "SUB", "", p.we()).(*socket.Sub)
		must(t, sub.Subscribe("a", "b"))
		xpub := theirs(t, p, "XPUB")
		endpoint := link(t, scheme, xpub, sub)
		expect(t, xpub, text("\x01a")...)
		expect(t, xpub, text("\x01b")...)
		send(t, xpub, text("a 1")...)
		expect(t, sub, text("a 1")...)
		must(t, sub.Unsubscribe("b"))
		expect(t, xpub, text("\x00b")...)
		p.Kill()

		must(t, sub.Subscribe("c"))
		p = p.restart(t)
		xpub = theirs(t, p, "XPUB")
		bind(t, xpub, endpoint)
		topics := map[string]bool{string(recv(t, xpub)[0]): true, string(recv(t, xpub)[0]): true}
		if !topics["\x01a"] || !topics["\x01c"] {
			t.Errorf("subscribed to %v, want a and c", topics)
		}
		for _, m := range []string{"b", "a 2", "c 3"} {
			send(t, xpub, text(m)...)
		}
		expect(t, sub, text("a 2")...)
		expect(t, sub, text("c 3")...)
	})
}

// TestOurPublisherRestarts closes a publisher of ours, or only takes it off its
// endpoint, and puts it back: theirs subscriber comes back and says what it
// wants.
func TestOurPublisherRestarts(t *testing.T) {
	eachScheme(t, rowOurPub, everyPeer, func(t *testing.T, p *process, scheme string) {
		sub := theirSubscriber{theirs(t, p, "SUB")}
		must(t, sub.Subscribe("a"))
		xpub := newOurs(t, "XPUB", "", p.we()).(*socket.XPub)
		endpoint := link(t, scheme, xpub, sub)
		p.awaitHandshake(t, sub.Socket)
		expect(t, xpub, text("\x01a")...)
		send(t, xpub, text("a 1")...)
		expect(t, sub, text("a 1")...)

		must(t, xpub.Unbind(endpoint))
		expect(t, xpub, text("\x00a")...)
		bind(t, xpub, endpoint)
		p.awaitHandshake(t, sub.Socket)
		expect(t, xpub, text("\x01a")...)
		send(t, xpub, text("a 2")...)
		expect(t, sub, text("a 2")...)

		must(t, xpub.Close())
		xpub = newOurs(t, "XPUB", "", p.we()).(*socket.XPub)
		bind(t, xpub, endpoint)
		p.awaitHandshake(t, sub.Socket)
		expect(t, xpub, text("\x01a")...)
		send(t, xpub, text("a 3")...)
		expect(t, sub, text("a 3")...)
	})
}

// TestTheirPullRestarts kills the process that takes what we push, while we do,
// and starts another at the same place. What was on its way is lost, but nothing
// comes twice or out of turn, and nothing is missing after that (WT-104, WT-107).
func TestTheirPullRestarts(t *testing.T) {
	eachScheme(t, rowTheirPull, everyPeer, func(t *testing.T, p *process, scheme string) {
		push := newOurs(t, "PUSH", "", p.we())
		pull := theirs(t, p, "PULL")
		endpoint := link(t, scheme, pull, push)
		stop := pushSeries(t, push.(socket.Sender))
		defer stop()

		first, last := takeSeries(t, pull, -1)
		if first != 0 {
			t.Errorf("the first message was %d", first)
		}
		p.Kill()
		p = p.restart(t)
		pull = theirs(t, p, "PULL")
		bind(t, pull, endpoint)
		first, _ = takeSeries(t, pull, last)
		t.Logf("%d messages were lost with the process", first-last-1)
	})
}

// TestOurPullRestarts is TestTheirPullRestarts the other way round: ours is
// closed while theirs pushes, and another bound in its place.
func TestOurPullRestarts(t *testing.T) {
	eachScheme(t, rowOurPull, everyPeer, func(t *testing.T, p *process, scheme string) {
		pull := newOurs(t, "PULL", "", p.we())
		push := theirs(t, p, "PUSH")
		endpoint := link(t, scheme, pull, push)
		stop := pushSeries(t, push)
		defer stop()

		first, last := takeSeries(t, pull, -1)
		if first != 0 {
			t.Errorf("the first message was %d", first)
		}
		must(t, pull.Close())
		pull = newOurs(t, "PULL", "", p.we())
		bind(t, pull, endpoint)
		first, _ = takeSeries(t, pull, last)
		t.Logf("%d messages were lost with the socket", first-last-1)
	})
}

// pushSeries sends numbered messages until it is stopped.
func pushSeries(t *testing.T, push socket.Sender) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	sending.Go(func() {
		filler := body(1000, 0)
		for i := 0; ctx.Err() == nil; {
			// theirs does not notice the end of ctx by itself.
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			switch err := push.Send(short, numbered(i), filler); {
			case err == nil:
				i++
			case short.Err() == nil && !errors.Is(err, context.DeadlineExceeded):
				t.Errorf("message %d: %v", i, err)
				cancel()
				return
			}
			cancel()
		}
	})
	return func() {
		cancel()
		sending.Wait()
	}
}

// takeSeries receives some of the messages: each must be whole, the first of a
// higher number than last and each of the others one after that before it.
func takeSeries(t *testing.T, pull any, last int) (from, to int) {
	t.Helper()
	const some = 500
	filler := string(body(1000, 0))
	for taken := range some {
		m := recv(t, pull)
		if len(m) != 2 || string(m[1]) != filler {
			t.Fatalf("after message %d got %v", last, m)
		}
		i, err := strconv.Atoi(string(m[0]))
		must(t, err)
		if i <= last || taken > 0 && i != last+1 {
			t.Fatalf("after message %d got %d", last, i)
		}
		last = i
		if taken == 0 {
			from = i
		}
	}
	return from, last
}
