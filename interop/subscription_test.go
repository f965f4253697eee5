package interop

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// A wiretap is a listener that keeps what its connections carry.
type wiretap struct {
	net.Listener
	mu      sync.Mutex
	in, out []byte
}

type tapped struct {
	net.Conn
	w *wiretap
}

func (w *wiretap) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	return tapped{c, w}, err
}

func (c tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.in = append(c.w.in, b[:n]...)
	return n, err
}

func (c tapped) Write(b []byte) (int, error) {
	c.w.mu.Lock()
	c.w.out = append(c.w.out, b...)
	c.w.mu.Unlock()
	return c.Conn.Write(b)
}

// tap binds a socket of ours to a listener that keeps what it carries.
func tap(t *testing.T, s ours) (w *wiretap, endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w = &wiretap{Listener: l}
	must(t, s.(interface{ BindListener(l net.Listener) error }).BindListener(w))
	return w, "tcp://" + l.Addr().String()
}

// carried fails unless one direction has carried these octets, and not those.
func (w *wiretap) carried(t *testing.T, direction string, these, notThose []byte) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	octets := w.in
	if direction == "out" {
		octets = w.out
	}
	if !bytes.Contains(octets, these) || bytes.Contains(octets, notThose) {
		t.Errorf("%s went %q, want %q in it and not %q", direction, octets, these, notThose)
	}
}

// TestSubscriptionForm looks at how subscriptions to "topic" travel: as commands
// between peers of ZMTP 3.1, as messages where one is older, and so do the
// cancellations (WT-01, WT-02, WT-91).
func TestSubscriptionForm(t *testing.T) {
	messages, commands := []byte("\x00\x06\x01topic"), []byte("\x04\x0f\x09SUBSCRIBEtopic")
	cancelMessages, cancelCommands := []byte("\x00\x06\x00topic"), []byte("\x04\x0c\x06CANCELtopic")
	eachPeer(t, rowForm, everyPeer, func(t *testing.T, p *process) {
		want, other, cancelled := commands, messages, cancelCommands
		if p.legacy {
			want, other, cancelled = messages, commands, cancelMessages
		}
		t.Run("sub=theirs", func(t *testing.T) {
			xpub := newOurs(t, "XPUB", "", p.we())
			w, endpoint := tap(t, xpub)
			sub := theirSubscriber{theirs(t, p, "SUB")}
			must(t, sub.Connect(endpoint))
			must(t, sub.Subscribe("topic"))
			expect(t, xpub, text("\x01topic")...)
			must(t, sub.Unsubscribe("topic"))
			expect(t, xpub, text("\x00topic")...)
			w.carried(t, "in", want, other)
			w.carried(t, "in", cancelled, other)
		})
		t.Run("sub=ours", func(t *testing.T) {
			sub := newOurs(t, "SUB", "", p.we())
			w, endpoint := tap(t, sub)
			must(t, sub.(subscriber).Subscribe("topic"))
			xpub := theirs(t, p, "XPUB")
			must(t, xpub.Connect(endpoint))
			expect(t, xpub, text("\x01topic")...)
			must(t, sub.(subscriber).Unsubscribe("topic"))
			expect(t, xpub, text("\x00topic")...)
			w.carried(t, "out", want, other)
			w.carried(t, "out", cancelled, other)
		})
	})
	t.Run("zmq4", func(t *testing.T) {
		xpub := newOurs(t, "XPUB", "")
		w, endpoint := tap(t, xpub)
		showsZMQ4(t, rowForm, "tcp")
		sub := newZMQ4(t, "SUB", "")
		must(t, sub.Connect(endpoint))
		must(t, sub.SetOption(zmq4.OptionSubscribe, "topic"))
		expect(t, xpub, text("\x01topic")...)
		w.carried(t, "in", messages, commands)
	})
}

// TestLegacyRefused lets a peer of ZMTP 2.0 come to sockets that were not told to
// let it in, and then a newer one (WT-13, WT-18).
func TestLegacyRefused(t *testing.T) {
	p := jeroMQ.start(t)
	push := theirs(t, p, "PUSH")
	pull := newOurs(t, "PULL", "")
	m := pull.Monitor()
	endpoint := link(t, "tcp", pull, push)
	awaitEvent(t, m, socket.EventHandshakeFailed) // it has closed at our whole greeting, before it told its version
	m.Close()
	good := newOurs(t, "PUSH", "")
	must(t, good.Connect(endpoint))
	send(t, push, text("refused")...) // it keeps that for a peer that comes
	send(t, good, text("of today")...)
	expect(t, pull, text("of today")...)
	if _, ok := recvWithin(t, pull, 100*time.Millisecond); ok {
		t.Error("the peer that was refused got a message through")
	}
}
