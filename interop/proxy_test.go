package interop

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// TestThroughTheirProxy publishes from ours to ours through libzmq's zmq_proxy:
// subscriptions and cancellations go up, messages come down (WT-93).
func TestThroughTheirProxy(t *testing.T) {
	eachPeer(t, rowTheirProxy, everyPeer, throughTheirProxy)
}

func throughTheirProxy(t *testing.T, p *process) {
	front, back := theirs(t, p, "XSUB"), theirs(t, p, "XPUB")
	up := bind(t, front, "tcp://127.0.0.1:*")
	down := bind(t, back, "tcp://127.0.0.1:*")
	must(t, front.Proxy(back))

	pub := newOurs(t, "XPUB", "", p.we())
	plain := newOurs(t, "PUB", "", p.we()).(*socket.Pub)
	sub := newOurs(t, "SUB", "", p.we()).(*socket.Sub)
	must(t, pub.Connect(up))
	must(t, plain.Connect(up))
	must(t, sub.Connect(down))
	through(t, pub, sub, sub)

	must(t, sub.Subscribe("plain"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	must(t, plain.WaitSubscribers(ctx, "plain", 1))
	send(t, plain, text("other")...)
	send(t, plain, text("plain", "", "last")...)
	expect(t, sub, text("plain", "", "last")...)
}

// TestThroughOurProxy publishes from theirs to theirs through an XSUB and an
// XPUB of ours.
func TestThroughOurProxy(t *testing.T) {
	eachPeer(t, rowOurProxy, everyPeer, throughOurProxy)
}

func throughOurProxy(t *testing.T, p *process) {
	front := newOurs(t, "XSUB", "", p.we()).(*socket.XSub)
	back := newOurs(t, "XPUB", "", p.we()).(*socket.XPub)
	up := bind(t, front, "tcp://127.0.0.1:0")
	down := bind(t, back, "tcp://127.0.0.1:0")
	proxy(t, front, back)

	pub, sub := theirs(t, p, "XPUB"), theirs(t, p, "SUB")
	plain := theirs(t, p, "PUB")
	must(t, pub.Connect(up))
	must(t, plain.Connect(up))
	must(t, sub.Connect(down))
	p.awaitHandshake(t, pub)
	p.awaitHandshake(t, plain)
	p.awaitHandshake(t, sub)
	through(t, pub, sub, theirSubscriber{sub})

	must(t, sub.Set(peer.Bytes("SUBSCRIBE", "0")))
	settle(t, plain, sub)
}

// TestSteeredByThem has libzmq's REQ and REP talk through a ROUTER and a DEALER
// of ours, and its REQ control them, as zmq_proxy_steerable is controlled. Then
// their processes are killed, one in the middle of a request, and others take
// their places (PR-01, PR-06).
func TestSteeredByThem(t *testing.T) {
	p := startLibzmq(t)
	front, back := newOurs(t, "ROUTER", "").(*socket.Router), newOurs(t, "DEALER", "").(*socket.Dealer)
	control := newOurs(t, "REP", "").(*socket.Rep)
	clients, workers := bind(t, front, "tcp://127.0.0.1:0"), bind(t, back, "tcp://127.0.0.1:0")
	steering := bind(t, control, "tcp://127.0.0.1:0")
	ended := proxy(t, front, back, socket.WithControl(control))
	for range 2 {
		req, rep := theirs(t, p, "REQ"), theirs(t, p, "REP")
		must(t, rep.Connect(workers))
		must(t, req.Connect(clients))
		for i := range 10 {
			send(t, req, []byte("request"), numbered(i))
			expect(t, rep, []byte("request"), numbered(i))
			send(t, rep, numbered(i))
			expect(t, req, numbered(i))
		}
		send(t, req, []byte("never answered"))
		expect(t, rep, []byte("never answered"))
		p.Kill()
		waitGone(t, front)
		waitGone(t, back)
		p = p.restart(t)
	}

	boss := theirs(t, p, "REQ")
	must(t, boss.Connect(steering))
	order := func(command string) socket.Message {
		send(t, boss, []byte(command))
		return recv(t, boss)
	}
	m := order("STATISTICS")
	var got []uint64
	for _, f := range m {
		got = append(got, binary.NativeEndian.Uint64(f))
	}
	// Two rounds of ten requests and one that was never answered.
	if len(got) != 8 || got[0] != 22 || got[2] != 20 || got[4] != 20 || got[6] != 22 {
		t.Errorf("STATISTICS: %v", got)
	}
	for _, command := range []string{"PAUSE", "SOMETHING", "RESUME", "TERMINATE"} {
		if m := order(command); len(m) != 1 || len(m[0]) != 0 {
			t.Errorf("%s is answered with %v, want an empty frame", command, m)
		}
	}
	must(t, <-ended)
}

// waitGone waits until a socket has no peers.
func waitGone(t *testing.T, s ours) {
	t.Helper()
	eventually(t, "the peers are gone", func() bool { return s.Stats().Peers == 0 })
}

// proxy runs a proxy until the end of the test, or its own.
func proxy(t *testing.T, front, back socket.ProxySocket, opts ...socket.ProxyOption) (ended <-chan error) {
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 1)
	go func() {
		defer close(errs)
		errs <- socket.Proxy(ctx, front, back, opts...)
	}()
	t.Cleanup(func() {
		cancel()
		for err := range errs {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
	return errs
}

// A subscriber chooses its topics.
type subscriber interface {
	Subscribe(prefixes ...string) error
	Unsubscribe(prefixes ...string) error
}

// theirSubscriber is a libzmq SUB.
type theirSubscriber struct{ *peer.Socket }

func (s theirSubscriber) Subscribe(prefixes ...string) error {
	return s.each("SUBSCRIBE", prefixes)
}

func (s theirSubscriber) Unsubscribe(prefixes ...string) error {
	return s.each("UNSUBSCRIBE", prefixes)
}

func (s theirSubscriber) each(option string, prefixes []string) error {
	for _, p := range prefixes {
		if err := s.Set(peer.Bytes(option, p)); err != nil {
			return err
		}
	}
	return nil
}

// through publishes with an XPUB, which tells what it hears, to a SUB with
// something between them.
func through(t *testing.T, xpub, sub any, topics subscriber) {
	t.Helper()
	must(t, topics.Subscribe("a", "b"))
	must(t, topics.Subscribe("a")) // of this nobody else learns
	expect(t, xpub, text("\x01a")...)
	expect(t, xpub, text("\x01b")...)
	for _, m := range []string{"c none", "a first", "b second", "bb third"} {
		send(t, xpub, []byte(m), body(100_000, 0))
	}
	for _, m := range []string{"a first", "b second", "bb third"} {
		expect(t, sub, []byte(m), body(100_000, 0))
	}
	must(t, topics.Unsubscribe("a"))
	must(t, topics.Unsubscribe("b"))
	expect(t, xpub, text("\x00b")...) // and not a, which still has one subscription
	send(t, xpub, text("b none")...)
	send(t, xpub, text("a fourth")...)
	expect(t, sub, text("a fourth")...)
	must(t, topics.Unsubscribe("a"))
	expect(t, xpub, text("\x00a")...)
	if m, ok := recvWithin(t, xpub, 50*time.Millisecond); ok {
		t.Errorf("publisher got %v more", m)
	}
}
