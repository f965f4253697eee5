package interop

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// TestThroughTheirProxy publishes from ours to ours through libzmq's zmq_proxy:
// subscriptions and cancellations go up, messages come down (WT-93).
func TestThroughTheirProxy(t *testing.T) {
	p := startLibzmq(t)
	front, back := theirs(t, p, "XSUB"), theirs(t, p, "XPUB")
	up := bind(t, front, "tcp://127.0.0.1:*")
	down := bind(t, back, "tcp://127.0.0.1:*")
	must(t, front.Proxy(back))

	pub := newOurs(t, "XPUB", "")
	plain := newOurs(t, "PUB", "").(*socket.Pub)
	sub := newOurs(t, "SUB", "").(*socket.Sub)
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

// TestThroughOurForwarder publishes from libzmq to libzmq through an XSUB and an
// XPUB of ours that hand each other what they receive.
func TestThroughOurForwarder(t *testing.T) {
	p := startLibzmq(t)
	front := newOurs(t, "XSUB", "").(*socket.XSub)
	back := newOurs(t, "XPUB", "").(*socket.XPub)
	up := bind(t, front, "tcp://127.0.0.1:0")
	down := bind(t, back, "tcp://127.0.0.1:0")
	forward(t, front, back)
	forward(t, back, front)

	pub, sub := theirs(t, p, "XPUB"), theirs(t, p, "SUB")
	plain := theirs(t, p, "PUB")
	must(t, pub.Connect(up))
	must(t, plain.Connect(up))
	must(t, sub.Connect(down))
	awaitTheirs(t, pub, "HANDSHAKE_SUCCEEDED")
	awaitTheirs(t, plain, "HANDSHAKE_SUCCEEDED")
	awaitTheirs(t, sub, "HANDSHAKE_SUCCEEDED")
	through(t, pub, sub, theirSubscriber{sub})

	must(t, sub.Set(peer.Bytes("SUBSCRIBE", "0")))
	settle(t, plain, sub)
}

// forward hands on what one socket receives through another until either is
// closed.
func forward(t *testing.T, from socket.Receiver, to socket.Sender) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-done
	})
	go func() {
		defer close(done)
		for {
			m, err := from.Recv(ctx)
			if err == nil {
				err = to.Send(ctx, m...)
			}
			if err != nil {
				if !errors.Is(err, context.Canceled) && !errors.Is(err, socket.ErrClosed) {
					t.Error(err)
				}
				return
			}
		}
	}()
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
