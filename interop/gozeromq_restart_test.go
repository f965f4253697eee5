package interop

import (
	"testing"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// TestGoZeroMQTaken has two DEALERs of go-zeromq/zmq4 announce one identity to a
// ROUTER of ours, which refuses the second, or hands it over.
func TestGoZeroMQTaken(t *testing.T) {
	showsZMQ4(t, rowTaken, "tcp")
	t.Run("refused", func(t *testing.T) {
		we := newOurs(t, "ROUTER", "")
		monitor := we.Monitor()
		first, second := newZMQ4(t, "DEALER", "same"), newZMQ4(t, "DEALER", "same")
		endpoint := bind(t, we, "tcp://127.0.0.1:0")
		must(t, first.Connect(endpoint))
		waitPeers(t, we, 1)
		_ = second.Dial(endpoint) // fails, if it has noticed by then
		awaitEvent(t, monitor, socket.EventHandshakeFailed)
		converse(t, we, first, "same")
	})
	t.Run("handed over", func(t *testing.T) {
		router, err := socket.NewRouter(socket.WithHandover(), quick())
		we := own(t, router, err)
		monitor := we.Monitor()
		first, second := newZMQ4(t, "DEALER", "same"), newZMQ4(t, "DEALER", "same")
		endpoint := bind(t, we, "tcp://127.0.0.1:0")
		must(t, first.Connect(endpoint))
		waitPeers(t, we, 1)
		must(t, second.Connect(endpoint))
		awaitEvent(t, monitor, socket.EventDisconnected)
		converse(t, we, second, "same")
	})
}

// TestGoZeroMQRestarts closes one end of two and opens it again at the same
// place: ours comes back, and so does its SUB, with what it has subscribed to.
func TestGoZeroMQRestarts(t *testing.T) {
	t.Run("their XPUB", func(t *testing.T) {
		showsZMQ4(t, rowTheirPub, "tcp")
		sub := newOurs(t, "SUB", "", quick()).(*socket.Sub)
		must(t, sub.Subscribe(""))
		they := newZMQ4(t, "PUB", "")
		endpoint := link(t, "tcp", they, sub)
		settle(t, they, sub)
		must(t, they.Close())
		they = newZMQ4(t, "PUB", "")
		bind(t, they, endpoint)
		settle(t, they, sub)
	})
	t.Run("our XPUB", func(t *testing.T) {
		showsZMQ4(t, rowOurPub, "tcp")
		sub := newZMQ4(t, "SUB", "", zmq4.WithAutomaticReconnect(true))
		must(t, sub.SetOption(zmq4.OptionSubscribe, "a"))
		we := newOurs(t, "XPUB", "")
		endpoint := link(t, "tcp", we, sub)
		expect(t, we, text("\x01a")...)
		must(t, we.Close())
		we = newOurs(t, "XPUB", "")
		bind(t, we, endpoint)
		expect(t, we, text("\x01a")...)
	})
	t.Run("their PULL", func(t *testing.T) {
		showsZMQ4(t, rowTheirPull, "tcp")
		push := newOurs(t, "PUSH", "", quick())
		they := newZMQ4(t, "PULL", "")
		endpoint := link(t, "tcp", they, push)
		send(t, push, text("before")...)
		expect(t, they, text("before")...)
		monitor := push.Monitor()
		must(t, they.Close())
		awaitEvent(t, monitor, socket.EventDisconnected)
		send(t, push, text("waits")...)
		they = newZMQ4(t, "PULL", "")
		bind(t, they, endpoint)
		expect(t, they, text("waits")...)
	})
}
