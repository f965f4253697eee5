package socket_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func id(name string) socket.IdentityOption { return socket.WithIdentity([]byte(name)) }

func TestRFC28Router(t *testing.T) {
	show(t, "RR-40 peers are REQ, DEALER and ROUTER; their identity comes in front", func(s *stage) {
		router := s.router()
		req, dealer, other := s.req(id("req")), s.dealer(id("dealer")), s.router(id("router"))
		s.star(router, req, dealer, other)
		s.send(req, "a")
		s.want(router, "req", "", "a")
		s.send(dealer, "a", "b")
		s.want(router, "dealer", "a", "b")
		hub := string(other.Stats().Each[0].Peer.ID)
		s.send(other, hub, "a")
		s.want(router, "router", "a")
	})

	show(t, "RR-41 the first frame of a message names the peer and is taken off", func(s *stage) {
		router := s.router()
		dealers := map[string]*socket.Dealer{"a": s.dealer(id("a")), "b": s.dealer(id("b")), "c": s.dealer(id("c"))}
		s.star(router, dealers["a"], dealers["b"], dealers["c"])
		for _, name := range []string{"c", "a", "b", "a"} {
			s.send(router, name, "to", name)
			s.want(dealers[name], "to", name)
			if err := router.SendTo(s.ctx, socket.PeerID(name), []byte("again")); err != nil {
				s.Fatal(err)
			}
			s.want(dealers[name], "again")
		}
		for _, d := range dealers {
			s.empty(d)
		}
	})

	show(t, "RR-42 an unknown peer is an error, or with WithSilentDrop a drop", func(s *stage) {
		router, silent := s.router(), s.router(socket.WithSilentDrop())
		for _, x := range []*socket.Router{router, silent} {
			s.star(x, s.dealer(id("known")))
		}
		for _, name := range []string{"unknown", "", "\x00", "knowN"} {
			s.matches(router.Send(s.ctx, []byte(name), []byte("m")), socket.ErrNoRoute)
			s.matches(router.TrySend([]byte(name), []byte("m")), socket.ErrNoRoute)
			s.send(silent, name, "m")
		}
		equal(s, "dropped", silent.Stats().Out.Dropped[socket.DropNoRoute], 4)
		equal(s, "sent", router.Stats().Out.Messages, 0)
	})

	showInproc(t, "RR-42 for a full peer the message is dropped, or with WithMandatory waits", func(s *stage) {
		for _, opts := range [][]socket.RouterOption{
			{socket.WithSendHWM(1)}, {socket.WithSendHWM(1), socket.WithMandatory()},
		} {
			mandatory := len(opts) > 1
			router := s.router(opts...)
			full, idle := s.dealer(id("full"), socket.WithRecvHWM(1)), s.dealer(id("idle"), socket.WithRecvHWM(1))
			m := router.Monitor()
			s.star(router, full, idle)
			s.send(router, "full", "1")
			s.send(router, "full", "2")
			if mandatory {
				s.blocked(router, "full", "3")
				sent := make(chan error, 1)
				go func() { sent <- router.Send(s.ctx, []byte("full"), []byte("3")) }()
				s.send(router, "idle", "1") // which is held up by nobody
				s.want(idle, "1")
				s.want(full, "1")
				s.want(full, "2")
				s.want(full, "3")
				if err := <-sent; err != nil {
					s.Fatal(err)
				}
				continue
			}
			s.send(router, "full", "3")
			equal(s, "peer", s.event(m, socket.EventDropping).Peer.ID, "full")
			equal(s, "dropped", router.Stats().Out.Dropped[socket.DropFull], 1)
			s.send(router, "idle", "1")
			s.want(idle, "1")
			s.want(full, "1")
			s.want(full, "2")
			s.empty(full)
		}
	})

	show(t, "RR-43 a peer without an identity is given one: zero and a number", func(s *stage) {
		router := s.router()
		dealers := []*socket.Dealer{s.dealer(), s.dealer(), s.dealer()}
		s.star(router, dealers[0], dealers[1], dealers[2])
		var last uint32
		for i, d := range dealers {
			s.send(d, "m")
			m := s.recv(router)
			if len(m[0]) != 5 || m[0][0] != 0 {
				s.Fatalf("identity %q", m[0])
			}
			n := binary.BigEndian.Uint32([]byte(m[0][1:]))
			if i > 0 && n != last+1 {
				s.Fatalf("number %d after %d", n, last)
			}
			last = n
			s.send(router, m[0], "back")
			s.want(d, "back")
		}
	})

	show(t, "RR-44 who comes with a taken identity is refused, its owner unharmed", func(s *stage) {
		router := s.router()
		m := router.Monitor()
		owner := s.dealer(id("X"))
		endpoint := s.star(router, owner)
		thief := s.dealer(id("X"), quick())
		s.connect(thief, endpoint)
		s.send(thief, "sneaky")
		e := s.event(m, socket.EventHandshakeFailed)
		s.matches(e.Err, socket.ErrProtocol)
		s.says(e.Err, `"X"`)
		for range 3 {
			s.send(router, "X", "to the owner")
			s.want(owner, "to the owner")
			s.send(owner, "from the owner")
			s.want(router, "X", "from the owner")
		}
		s.empty(thief)
		s.empty(router)
		// When the owner leaves, the other gets the name with one of its next attempts.
		drop(owner)
		s.event(m, socket.EventDisconnected)
		s.event(m, socket.EventReady)
		s.send(router, "X", "to the heir")
		s.want(thief, "to the heir")
		s.send(thief, "later")
		got := s.recv(router)
		if got[1] == "sneaky" { // kept until it could be sent
			got = s.recv(router)
		}
		equal(s, "received", fmt.Sprintf("%q", got), `["X" "later"]`)
	})

	show(t, "RR-45 with WithHandover the newcomer takes the name, and its owner goes", func(s *stage) {
		router := s.router(socket.WithHandover())
		m := router.Monitor()
		first, bystander := s.dealer(id("X"), never()), s.dealer(id("Y"))
		endpoint := s.star(router, first, bystander)
		gone := first.Monitor()
		second := s.dealer(id("X"), never())
		s.connect(second, endpoint)
		e := s.event(m, socket.EventDisconnected)
		equal(s, "who left", e.Peer.ID, "X")
		s.says(e.Err, "handed over")
		s.event(gone, socket.EventDisconnected)
		s.peers(second, 1)
		s.send(router, "X", "to the second")
		s.want(second, "to the second")
		s.empty(first)
		s.send(router, "Y", "m")
		s.want(bystander, "m")
	})

	show(t, "RR-46 a peer can be addressed once it is there, before it said anything", func(s *stage) {
		router := s.router()
		m := router.Monitor()
		named, unnamed := s.dealer(id("named")), s.dealer()
		s.star(router, named, unnamed)
		for range 2 { // in whatever order their events come
			who, d := s.event(m, socket.EventReady).Peer.ID, unnamed
			if who == "named" {
				d = named
			}
			if err := router.SendTo(s.ctx, who, []byte("hello")); err != nil {
				s.Fatal(err)
			}
			s.want(d, "hello")
		}
	})

	show(t, "RR-48 a message of only the identity goes nowhere", func(s *stage) {
		router, dealer := s.router(), s.dealer(id("a"))
		s.star(router, dealer)
		s.send(router, "a")
		s.send(router, "a", "m")
		s.want(dealer, "m")
		s.matches(router.Send(s.ctx, []byte("unknown")), socket.ErrNoRoute)
	})

	show(t, "RR-49 a message that could not be routed leaves nothing behind", func(s *stage) {
		router, dealer := s.router(), s.dealer(id("a"))
		s.star(router, dealer)
		s.matches(router.Send(s.ctx, octets([]string{"unknown", "a", "b", "c"})...), socket.ErrNoRoute)
		s.send(router, "a", "1", "2")
		s.want(dealer, "1", "2")
	})

	show(t, "RR-52 who is there, and what waits for them, is in Stats", func(s *stage) {
		router := s.router()
		dealers := []*socket.Dealer{s.dealer(id("0")), s.dealer(id("1")), s.dealer(id("2"))}
		s.star(router, dealers[0], dealers[1], dealers[2])
		for i, d := range dealers {
			for range i {
				s.send(d, "m")
			}
		}
		s.arrived(router, 3)
		for _, each := range router.Stats().Each {
			equal(s, "messages of "+string(each.Peer.ID), fmt.Sprint(each.In), string(each.Peer.ID))
		}
	})

	show(t, "RR-53 two ROUTERs talk by the names they gave", func(s *stage) {
		a, b, c := s.router(id("a")), s.router(id("b")), s.router(id("c"))
		s.star(a, b, c)
		for _, name := range []string{"b", "c"} {
			s.send(a, name, "m", "")
		}
		s.want(b, "a", "m", "")
		s.want(c, "a", "m", "")
		s.send(b, "a", "from b")
		s.want(a, "b", "from b")
	})
}
