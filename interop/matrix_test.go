package interop

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// A pairing is two kinds of sockets that talk to each other. Left speaks first.
type pairing struct {
	left, right string
	back        bool // right answers
	// The frames that each side's application has in front of what the other's
	// sends or gets.
	leftFront, rightFront socket.Message
}

// The identities of the sockets in the matrix.
const leftName, rightName = "left", "right"

func pairings() []pairing {
	return []pairing{
		{left: "PUSH", right: "PULL"},
		{left: "PUB", right: "SUB"},
		{left: "XPUB", right: "XSUB", back: true},
		{left: "PUB", right: "XSUB"},
		{left: "XPUB", right: "SUB"},
		{left: "REQ", right: "REP", back: true},
		{left: "REQ", right: "ROUTER", back: true, rightFront: text(leftName, "")},
		{left: "DEALER", right: "REP", back: true, leftFront: text("")},
		{left: "DEALER", right: "ROUTER", back: true, rightFront: text(leftName)},
		{left: "DEALER", right: "DEALER", back: true},
		{left: "ROUTER", right: "ROUTER", back: true, leftFront: text(rightName), rightFront: text(leftName)},
		{left: "PAIR", right: "PAIR", back: true},
	}
}

// bodySizes are around the places where an encoding changes: none, one octet,
// the last short and the first long frame, libzmq's batch, and far beyond.
var bodySizes = []int{0, 1, 255, 256, 8192, 1 << 20}

// TestMatrix sends messages of all sizes, of one frame and of several, between
// our sockets and another implementation's: all pairs of kinds, ours on either
// side, either side bound, over tcp and ipc, and with zeromq.js over ws.
func TestMatrix(t *testing.T) { eachPeer(t, "", everyPeer, matrix) }

func matrix(t *testing.T, p *process) {
	for _, c := range pairings() {
		for _, weAreLeft := range []bool{true, false} {
			if !weAreLeft && c.left == c.right {
				continue // the same once more
			}
			for _, weBind := range []bool{true, false} {
				for _, scheme := range slices.Concat(p.schemes, p.more) {
					if scheme == "ws" && !weBind && weAreLeft && (c.right == "SUB" || c.right == "XSUB") {
						continue // bound to ws it may tell nobody what it subscribes to
					}
					name := fmt.Sprintf("%s-%s/left=%s/bound=%s/%s", c.left, c.right, side(weAreLeft), side(weBind), scheme)
					t.Run(name, func(t *testing.T) {
						p.shows(t, c.row(), scheme)
						c.with(p.implementation, weAreLeft).run(t, p, weAreLeft, weBind, scheme, secured{we: p.we()})
					})
				}
			}
		}
	}
}

func side(we bool) string {
	if we {
		return "ours"
	}
	return "theirs"
}

// with is the pairing as it is tried with an implementation.
func (c pairing) with(i implementation, weAreLeft bool) pairing {
	if i.name == jeroMQ.name && weAreLeft && c.right == "XSUB" {
		c.back = false // its XSUB sends subscriptions only
	}
	return c
}

// run is one line of the matrix, with what secures the two ends.
func (c pairing) run(t *testing.T, p *process, weAreLeft, weBind bool, scheme string, sec secured) {
	var we ours
	var they *peer.Socket
	var left, right any
	if weAreLeft {
		we = newOurs(t, c.left, leftName, sec.we)
		they = theirs(t, p, c.right, append(named(c.right, rightName), sec.they...)...)
		left, right = we, they
	} else {
		we = newOurs(t, c.right, rightName, sec.we)
		they = theirs(t, p, c.left, append(named(c.left, leftName), sec.they...)...)
		left, right = they, we
	}
	if weBind {
		link(t, scheme, we, they)
	} else {
		link(t, scheme, they, we)
	}
	waitPeers(t, we, 1)
	p.awaitHandshake(t, they)
	c.subscribe(t, left, right)
	for _, parts := range []int{1, 3} {
		for _, size := range bodySizes {
			ok := t.Run(fmt.Sprintf("frames=%d/octets=%d", parts, size), func(t *testing.T) {
				m := make(socket.Message, parts)
				for i := range m {
					m[i] = body(size, i)
				}
				c.exchange(t, left, right, m)
			})
			if !ok {
				return // a conversation that broke off tells no more
			}
		}
	}
}

// named returns the identity option of the kinds that announce one.
func named(kind, name string) []peer.Option {
	switch kind {
	case "REQ", "DEALER", "ROUTER":
		return []peer.Option{peer.Bytes("ROUTING_ID", name)}
	}
	return nil
}

// subscribe subscribes right to everything, if it is one to subscribe, and
// waits until left knows.
func (c pairing) subscribe(t *testing.T, left, right any) {
	switch s := right.(type) {
	case *socket.Sub:
		must(t, s.Subscribe(""))
	case zmq4Socket:
		if c.right == "SUB" {
			must(t, s.SetOption(zmq4.OptionSubscribe, ""))
		}
	case *peer.Socket:
		if c.right == "SUB" {
			must(t, s.Set(peer.Bytes("SUBSCRIBE", "")))
		}
	}
	if c.right == "XSUB" {
		send(t, right, []byte{1})
	}
	_, silent := left.(zmq4Socket) // its XPUB keeps to itself who has subscribed
	switch {
	case c.left == "XPUB" && !silent:
		expect(t, left, []byte{1})
	case c.left == "XPUB", c.left == "PUB":
		if pub, ok := left.(*socket.Pub); ok {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			must(t, pub.WaitSubscribers(ctx, "", 1))
			return
		}
		settle(t, left, right)
	}
}

// settle publishes until something arrives, for a publisher that does not tell
// who has subscribed, and takes all that was published.
func settle(t *testing.T, pub, sub any) {
	t.Helper()
	for i := range 1000 {
		send(t, pub, numbered(i))
		m, ok := recvWithin(t, sub, 50*time.Millisecond)
		for ok && string(m[0]) != string(numbered(i)) {
			m = recv(t, sub)
		}
		if ok {
			return
		}
	}
	t.Fatal("nothing that was published arrived")
}

// exchange sends m from left to right and, if right answers, back.
func (c pairing) exchange(t *testing.T, left, right any, m socket.Message) {
	t.Helper()
	send(t, left, join(c.leftFront, m)...)
	expect(t, right, join(c.rightFront, m)...)
	if c.back {
		send(t, right, join(c.rightFront, m)...)
		expect(t, left, join(c.leftFront, m)...)
	}
}

func join(front, m socket.Message) socket.Message {
	return slices.Concat(front, m)
}

// body returns octets in which no two places that a mistake in a length or an
// offset would mix up look the same. None begins like a subscription. Nobody may
// change them.
func body(size, salt int) []byte { return pattern()[salt:][:size:size] }

// pattern is what all bodies are cut from.
var pattern = sync.OnceValue(func() []byte {
	b := make([]byte, 1<<20+1000)
	for i := range b {
		b[i] = byte(i%251) + 2
	}
	return b
})
