package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// served is a SERVER of ours whose messages are as package peer has those of
// theirs: the client's id in four octets, then the frame.
type served struct{ *socket.Server }

// Recv implements socket.Receiver.
func (s served) Recv(ctx context.Context) (socket.Message, error) {
	m, from, err := s.RecvFrom(ctx)
	if err != nil {
		return nil, err
	}
	return socket.Message{binary.BigEndian.AppendUint32(nil, from.ID.RoutingID()), m[0]}, nil
}

// Send implements socket.Sender.
func (s served) Send(ctx context.Context, frames ...[]byte) error {
	return s.SendTo(ctx, socket.RoutingID(binary.BigEndian.Uint32(frames[0])), frames[1:]...)
}

// addressed is a PEER of ours that sends to one of its peers.
type addressed struct {
	*socket.PeerSocket
	to socket.PeerID
}

// Send implements socket.Sender.
func (a addressed) Send(ctx context.Context, frames ...[]byte) error {
	return a.SendTo(ctx, a.to, frames...)
}

// newDraft makes a socket of ours of one of these kinds.
func newDraft(kind string, o socket.Option) (ours, error) {
	switch kind {
	case "CLIENT":
		return socket.NewClient(o)
	case "SERVER":
		return socket.NewServer(o)
	case "SCATTER":
		return socket.NewScatter(o)
	case "GATHER":
		return socket.NewGather(o)
	case "RADIO":
		return socket.NewRadio(o)
	case "DISH":
		return socket.NewDish(o)
	case "DGRAM":
		return socket.NewDatagram(o)
	case "PEER":
		return socket.NewPeerSocket(o)
	case "CHANNEL":
		return socket.NewChannel(o)
	}
	return nil, fmt.Errorf("kind %q", kind)
}

// draftPairings are tried over streams. Left speaks first. A PEER of zeromq.js
// cannot say whom it sends to, so it is never left.
func draftPairings() []pairing {
	return []pairing{
		{left: "CLIENT", right: "SERVER", back: true},
		{left: "SCATTER", right: "GATHER"},
		{left: "RADIO", right: "DISH"},
		{left: "PEER", right: "PEER"},
		{left: "CHANNEL", right: "CHANNEL", back: true},
	}
}

// TestDrafts is TestMatrix for the socket types whose messages have one frame, or
// one and a group.
func TestDrafts(t *testing.T) {
	eachPeer(t, "", drafted, func(t *testing.T, p *process) {
		for _, c := range draftPairings() {
			for _, weAreLeft := range []bool{true, false} {
				if !weAreLeft && c.left == c.right {
					continue // the same once more
				}
				for _, weBind := range []bool{true, false} {
					for _, scheme := range p.schemes {
						name := fmt.Sprintf("%s-%s/left=%s/bound=%s/%s", c.left, c.right, side(weAreLeft), side(weBind), scheme)
						t.Run(name, func(t *testing.T) {
							p.shows(t, c.row(), scheme)
							left, right := c.meet(t, p, weAreLeft, weBind, scheme)
							for _, size := range bodySizes {
								c.exchangeOne(t, left, right, body(size, 0))
							}
						})
					}
				}
			}
		}
	})
}

// meet makes both ends and links them.
func (c pairing) meet(t *testing.T, p *process, weAreLeft, weBind bool, scheme string) (left, right any) {
	t.Helper()
	kind, their := c.left, c.right
	if !weAreLeft {
		kind, their = their, kind
	}
	we, they := newOurs(t, kind, ""), theirs(t, p, their)
	if weBind {
		link(t, scheme, we, they)
	} else {
		link(t, scheme, they, we)
	}
	waitPeers(t, we, 1)
	p.awaitHandshake(t, they)
	left, right = we, they
	if s, ok := left.(*socket.Server); ok {
		left = served{s}
	}
	if x, ok := left.(*socket.PeerSocket); ok {
		left = addressed{x, x.Stats().Each[0].Peer.ID}
	}
	if !weAreLeft {
		left, right = right, left
		if s, ok := right.(*socket.Server); ok {
			right = served{s}
		}
	}
	if c.right == "DISH" {
		joinGroups(t, right, "group", "another")
		if radio, ok := left.(*socket.Radio); ok {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			must(t, radio.WaitMembers(ctx, "group", 1))
			must(t, radio.WaitMembers(ctx, "another", 1))
			return left, right
		}
		settleGroup(t, left, right)
	}
	return left, right
}

// exchangeOne sends a body from left to right and, if right answers, back.
func (c pairing) exchangeOne(t *testing.T, left, right any, body []byte) {
	t.Helper()
	switch c.right {
	case "DISH":
		send(t, left, []byte("of nobody"), body)
		send(t, left, []byte("group"), body)
		expect(t, right, []byte("group"), body)
		send(t, left, []byte("another"), body)
		expect(t, right, []byte("another"), body)
	case "SERVER":
		send(t, left, body)
		m := recv(t, right)
		if len(m) != 2 || !bytes.Equal(m[1], body) {
			t.Fatalf("got %v, want an id and %d octets", m, len(body))
		}
		send(t, right, m[0], body)
		expect(t, left, body)
	default:
		send(t, left, body)
		expect(t, right, body)
		if c.back {
			send(t, right, body)
			expect(t, left, body)
		}
	}
}

// joinGroups has a DISH join groups.
func joinGroups(t *testing.T, dish any, groups ...string) {
	t.Helper()
	for _, g := range groups {
		switch d := dish.(type) {
		case *socket.Dish:
			must(t, d.Join(g))
		case *peer.Socket:
			must(t, d.Set(peer.Bytes("JOIN", g)))
		}
	}
}

// settleGroup is settle for a RADIO.
func settleGroup(t *testing.T, radio, dish any) {
	t.Helper()
	for i := range 1000 {
		send(t, radio, []byte("group"), numbered(i))
		m, ok := recvWithin(t, dish, 50*time.Millisecond)
		for ok && string(m[1]) != string(numbered(i)) {
			m = recv(t, dish)
		}
		if ok {
			return
		}
	}
	t.Fatal("nothing that was sent arrived")
}

// TestLeave has a DISH leave a group, and join it again (RD-04, RD-05).
func TestLeave(t *testing.T) {
	eachPeer(t, "", drafted, func(t *testing.T, p *process) {
		for _, weAreLeft := range []bool{true, false} {
			t.Run("radio="+side(weAreLeft), func(t *testing.T) {
				c := pairing{left: "RADIO", right: "DISH"}
				left, right := c.meet(t, p, weAreLeft, true, "tcp")
				switch d := right.(type) {
				case *socket.Dish:
					must(t, d.Leave("group"))
				case *peer.Socket:
					must(t, d.Set(peer.Bytes("LEAVE", "group")))
				}
				if radio, ok := left.(*socket.Radio); ok {
					eventually(t, "the group to be left", func() bool {
						ctx, cancel := context.WithCancel(t.Context())
						cancel()
						return radio.WaitMembers(ctx, "group", 1) != nil
					})
				}
				send(t, left, text("group", "to nobody")...)
				send(t, left, text("another", "still here")...)
				expect(t, right, text("another", "still here")...)
				joinGroups(t, right, "group")
				settleGroup(t, left, right)
			})
		}
	})
}

// freePort is an endpoint of udp that nobody has bound.
func freePort(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	defer c.Close()
	return c.LocalAddr().String()
}

// datagramSizes are what a datagram of libzmq can have: 8192 octets, the group
// included.
var datagramSizes = []int{0, 1, 255, 256, 8000}

// TestDraftsDatagrams sends datagrams from a RADIO to a DISH, and between DGRAM
// sockets, with ours on either side (EP-40 to EP-42, RD-06, ST-07).
func TestDraftsDatagrams(t *testing.T) {
	eachPeer(t, "", drafted, func(t *testing.T, p *process) {
		for _, weAreLeft := range []bool{true, false} {
			t.Run("radio="+side(weAreLeft), func(t *testing.T) {
				c := pairing{left: "RADIO", right: "DISH"}
				p.shows(t, c.row(), "udp")
				endpoint := "udp://" + freePort(t)
				var radio, dish end = newOurs(t, "RADIO", ""), theirs(t, p, "DISH")
				if !weAreLeft {
					radio, dish = theirs(t, p, "RADIO"), newOurs(t, "DISH", "")
				}
				bind(t, dish, endpoint)
				joinGroups(t, dish, "group", "another")
				must(t, radio.Connect(endpoint))
				settleGroup(t, radio, dish)
				for _, size := range datagramSizes {
					c.exchangeOne(t, radio, dish, body(size, 0))
				}
			})
		}
		t.Run("DGRAM", func(t *testing.T) {
			p.shows(t, rowDatagram, "udp")
			we, they := newOurs(t, "DGRAM", ""), theirs(t, p, "DGRAM")
			our, their := freePort(t), freePort(t)
			bind(t, we, "udp://"+our)
			bind(t, they, "udp://"+their)
			for _, size := range datagramSizes {
				// Its bind returns before it is bound, so it speaks first.
				send(t, they, []byte(our), body(size, 1))
				expect(t, we, []byte(their), body(size, 1))
				send(t, we, []byte(their), body(size, 2))
				expect(t, they, []byte(our+"\x00"), body(size, 2)) // it ends the address as C does
			}
		})
	})
}
