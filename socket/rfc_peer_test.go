package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// meetPeer connects one to a fresh endpoint of other.
func (s *stage) meetPeer(one, other *socket.PeerSocket) socket.PeerID {
	s.Helper()
	id, err := one.ConnectPeer(s.bind(other))
	if err != nil {
		s.Fatal(err)
	}
	return id
}

func TestRFC51(t *testing.T) {
	show(t, "PE-01 connecting returns the number of the peer, and each side has its own", func(s *stage) {
		hub := s.peer()
		seen := make(map[socket.PeerID]bool)
		for i := range 3 {
			other := s.peer()
			id := s.meetPeer(hub, other)
			if seen[id] || id.RoutingID() == 0 {
				s.Fatalf("peer %d has the id %q", i, id)
			}
			seen[id] = true
			s.tell(hub, id, fmt.Sprint("to ", i))
			back := s.from(other, fmt.Sprint("to ", i))
			s.tell(other, back, "answer")
			equal(s, "id", s.from(hub, "answer"), id)
		}
	})

	show(t, "PE-01 the number is good before the connection stands, and when it is made again", func(s *stage) {
		one := s.peer(quick())
		m := one.Monitor()
		endpoint := s.nowhere()
		id, err := one.ConnectPeer(endpoint)
		if err != nil {
			s.Fatal(err)
		}
		for i := range 3 {
			s.tell(one, id, fmt.Sprint("early ", i))
			other := s.peer()
			s.bindAt(other, endpoint)
			back := s.from(other, fmt.Sprint("early ", i))
			s.tell(other, back, "answer")
			equal(s, "id", s.from(one, "answer"), id)
			drop(other)
			s.event(m, socket.EventDisconnected)
		}
	})

	show(t, "PE-01 peers that connect get a number too", func(s *stage) {
		hub, one, other := s.peer(), s.peer(), s.peer()
		endpoint := s.star(hub, one, other)
		for _, x := range []*socket.PeerSocket{one, other} {
			n := x.Stats().Each[0].Peer.ID
			s.tell(x, n, "m")
			s.tell(hub, s.from(hub, "m"), "back")
			equal(s, "id", s.from(x, "back"), n)
		}
		id, err := one.ConnectPeer(endpoint) // a second connection of the two
		if err != nil {
			s.Fatal(err)
		}
		if id == one.Stats().Each[0].Peer.ID {
			s.Fatal("two connections have one number")
		}
		s.tell(one, id, "m")
		s.from(hub, "m")
	})

	show(t, "PE-02 with WithImmediate no number is given before there is a connection", func(s *stage) {
		one, other := s.peer(socket.WithImmediate()), s.peer()
		endpoint := s.bind(other)
		_, err := one.ConnectPeer(endpoint)
		s.matches(err, socket.ErrOption)
		s.says(err, "WithImmediate")
		s.connect(one, endpoint)
		s.peers(one, 1)
		s.tell(one, one.Stats().Each[0].Peer.ID, "m")
		s.from(other, "m")
		equal(s, "peers", other.Stats().Peers, 1)
	})

	show(t, "PE-03 an unknown number is an error", func(s *stage) {
		one, other := s.peer(), s.peer()
		id := s.meetPeer(one, other)
		for _, wrong := range []socket.PeerID{"", "name", socket.RoutingID(id.RoutingID() + 1)} {
			s.matches(one.SendTo(s.ctx, wrong, nil), socket.ErrNoRoute)
			s.matches(one.TrySendTo(wrong, nil), socket.ErrNoRoute)
			s.matches(one.DisconnectPeer(wrong), socket.ErrNoRoute)
		}
	})

	show(t, "PE-03 for a peer that is full, or not there yet, PEER waits", func(s *stage) {
		one := s.peer(socket.WithSendHWM(2), quick())
		endpoint := s.nowhere()
		id, err := one.ConnectPeer(endpoint)
		if err != nil {
			s.Fatal(err)
		}
		x := to{one, id}
		equal(s, "room", s.fill(x, 10, "m"), 2)
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
		defer cancel()
		s.matches(x.Send(ctx, []byte("no")), context.DeadlineExceeded)
		sent := make(chan error, 1)
		go func() { sent <- x.Send(s.ctx, []byte("last")) }()
		other := s.peer()
		s.bindAt(other, endpoint)
		s.from(other, "m")
		s.from(other, "m")
		s.from(other, "last")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
		equal(s, "dropped", one.Stats().Out.Dropped.Total(), 0)
	})

	show(t, "PE-04 a peer that is disconnected has no number, whoever connected, and what was sent arrives", func(s *stage) {
		one, other := s.peer(), s.peer(never())
		id := s.meetPeer(one, other)
		s.tell(one, id, "first")
		back := s.from(other, "first")
		s.tell(one, id, "last")
		m := other.Monitor()
		if err := one.DisconnectPeer(id); err != nil {
			s.Fatal(err)
		}
		s.matches(one.SendTo(s.ctx, id, nil), socket.ErrNoRoute)
		s.matches(one.DisconnectPeer(id), socket.ErrNoRoute)
		s.event(m, socket.EventDisconnected)
		s.matches(other.SendTo(s.ctx, back, nil), socket.ErrNoRoute)
		equal(s, "id", s.from(other, "last"), back)

		id = s.meetPeer(other, one) // accepted here
		s.tell(other, id, "first")
		back = s.from(one, "first")
		m = other.Monitor()
		if err := one.DisconnectPeer(back); err != nil {
			s.Fatal(err)
		}
		s.matches(one.SendTo(s.ctx, back, nil), socket.ErrNoRoute)
		s.event(m, socket.EventDisconnected)
	})

	show(t, "PE-04 who waits to send to a peer that is disconnected learns of it", func(s *stage) {
		one := s.peer(socket.WithSendHWM(1), socket.WithLinger(0))
		id, err := one.ConnectPeer(s.nowhere())
		if err != nil {
			s.Fatal(err)
		}
		s.tell(one, id, "m")
		sent := make(chan error, 1)
		go func() { sent <- one.SendTo(s.ctx, id, []byte("never")) }()
		if err := one.DisconnectPeer(id); err != nil {
			s.Fatal(err)
		}
		s.matches(<-sent, socket.ErrNoRoute)
		s.until("what was queued is counted", func() bool {
			out := one.Stats().Out
			return out.Messages == 1 && out.Dropped[socket.DropClosed] == 1
		})
	})
}

func TestRFC52(t *testing.T) {
	show(t, "CH-01 two CHANNEL talk in any order, and a third is refused while they do", func(s *stage) {
		a, b, c := s.channel(), s.channel(), s.channel(quick())
		m := a.Monitor()
		endpoint := s.star(a, b)
		for i := range 3 {
			s.send(a, fmt.Sprint(i))
			s.send(a, fmt.Sprint(i))
			s.send(b, "back")
			s.want(b, fmt.Sprint(i))
			s.want(a, "back")
			s.want(b, fmt.Sprint(i))
		}
		s.connect(c, endpoint)
		e := s.event(m, socket.EventHandshakeFailed)
		s.matches(e.Err, socket.ErrProtocol)
		s.says(e.Err, "a CHANNEL has one peer")
		s.send(a, "still")
		s.want(b, "still")
		drop(b)
		s.event(m, socket.EventDisconnected)
		s.event(m, socket.EventReady)
		s.send(a, "next")
		s.want(c, "next")
	})

	show(t, "CH-01 without a peer that has room sending waits", func(s *stage) {
		a := s.channel(socket.WithSendHWM(1))
		endpoint := s.bind(a)
		s.blocked(a, "no")
		sent := make(chan error, 1)
		go func() { sent <- a.Send(s.ctx, []byte("yes")) }()
		b := s.channel()
		s.connect(b, endpoint)
		s.want(b, "yes")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
	})

	show(t, "CH-01 a PAIR is no CHANNEL", func(s *stage) {
		a, b := s.channel(), s.pair(never())
		m := a.Monitor()
		endpoint := s.bind(a)
		s.connect(b, endpoint)
		s.matches(s.event(m, socket.EventHandshakeFailed).Err, socket.ErrProtocol)
	})
}
