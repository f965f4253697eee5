package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC28Dealer(t *testing.T) {
	show(t, "RR-30 peers are REP, DEALER and ROUTER, and no frame is added or taken", func(s *stage) {
		dealer := s.dealer(socket.WithIdentity([]byte("me")))
		rep, other, router := s.rep(), s.dealer(), s.router()
		s.star(dealer, rep, other, router)
		for range 2 {
			s.send(dealer, "", "a")
			s.want(rep, "a")
			s.send(rep, "b")
			s.want(dealer, "", "b")
			s.send(dealer, "a", "", "b")
			s.want(other, "a", "", "b")
			s.send(other, "c")
			s.want(dealer, "c")
			s.send(dealer, "a")
			s.want(router, "me", "a")
			s.send(router, "me", "", "")
			s.want(dealer, "", "")
		}
	})

	show(t, "RR-31 messages go to the peers that have room, in turn", func(s *stage) {
		dealer := s.dealer(socket.WithSendHWM(2))
		a, b, c := s.dealer(), s.dealer(), s.dealer()
		s.star(dealer, a, b)
		s.connect(dealer, s.nowhere()) // takes two and is full
		s.star(dealer, c)
		want := []struct {
			x    *socket.Dealer
			body string
		}{{a, "0"}, {b, "1"}, {nil, "2"}, {c, "3"}, {a, "4"}, {b, "5"}, {nil, "6"}, {c, "7"}, {a, "8"}, {b, "9"}, {c, "10"}, {a, "11"}}
		for _, w := range want {
			s.send(dealer, w.body)
			if w.x != nil {
				s.want(w.x, w.body)
			}
		}
	})

	show(t, "RR-32 all frames of a message go to one peer", func(s *stage) {
		dealer := s.dealer()
		peers := []*socket.Dealer{s.dealer(), s.dealer(), s.dealer()}
		s.star(dealer, peers[0], peers[1], peers[2])
		for i := range 9 {
			s.send(dealer, "1", "2", "3", fmt.Sprint(i))
			s.want(peers[i%3], "1", "2", "3", fmt.Sprint(i))
		}
	})

	show(t, "RR-33 without a peer that has room sending waits, and nothing is lost", func(s *stage) {
		dealer := s.dealer(socket.WithSendHWM(1))
		endpoint := s.bind(dealer)
		s.blocked(dealer, "no")
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
		defer cancel()
		s.matches(dealer.Send(ctx, []byte("no")), context.DeadlineExceeded)
		sent := make(chan error, 1)
		go func() { sent <- dealer.Send(s.ctx, []byte("yes")) }()
		peer := s.dealer()
		s.connect(peer, endpoint)
		s.want(peer, "yes")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
		equal(s, "messages", dealer.Stats().Out.Messages, 1)
	})

	show(t, "RR-34 the messages of a peer come in order", func(s *stage) {
		dealer, peer := s.dealer(), s.dealer()
		s.star(dealer, peer)
		for i := range 300 {
			s.send(peer, "a", fmt.Sprint(i))
		}
		for i := range 300 {
			s.want(dealer, "a", fmt.Sprint(i))
		}
	})

	show(t, "RR-35 what is queued for an accepted peer goes with it, what it sent stays", func(s *stage) {
		dealer := s.dealer()
		m := dealer.Monitor()
		a, b := s.dealer(), s.dealer()
		endpoint := s.star(dealer, a)
		s.send(a, "1")
		s.send(a, "2")
		s.arrived(dealer, 2)
		drop(a)
		s.event(m, socket.EventDisconnected)
		s.until("the peer is forgotten", func() bool { return dealer.TrySend([]byte("x")) != nil })
		s.blocked(dealer, "x")
		s.connect(b, endpoint)
		s.send(dealer, "for b")
		s.want(b, "for b")
		s.empty(b)
		s.want(dealer, "1")
		s.want(dealer, "2")
		s.empty(dealer)
	})

	show(t, "RR-36 a connected endpoint keeps its queue across connections", func(s *stage) {
		dealer := s.dealer(quick())
		m := dealer.Monitor()
		endpoint := s.nowhere()
		s.connect(dealer, endpoint)
		for round := range 3 {
			for i := range 3 {
				s.send(dealer, fmt.Sprint(round), fmt.Sprint(i))
			}
			peer := s.dealer()
			s.bindAt(peer, endpoint)
			for i := range 3 {
				s.want(peer, fmt.Sprint(round), fmt.Sprint(i))
			}
			s.empty(peer)
			drop(peer)
			s.event(m, socket.EventDisconnected)
		}
		equal(s, "dropped", dealer.Stats().Out.Dropped.Total(), 0)
	})

	show(t, "RR-37 WithProbe sends an empty message on every new connection", func(s *stage) {
		router := s.router()
		dealer := s.dealer(socket.WithProbe(), socket.WithIdentity([]byte("dealer")))
		other := s.router(socket.WithProbe(), socket.WithIdentity([]byte("router")))
		s.star(router, dealer)
		s.want(router, "dealer", "")
		s.star(router, other)
		s.want(router, "router", "")

		probing := s.router(socket.WithProbe(), socket.WithIdentity([]byte("hub")))
		plain, named := s.dealer(), s.router()
		s.star(probing, plain, named)
		s.want(plain, "")
		s.want(named, "hub", "")
		s.star(probing, s.req()) // to which it means nothing
	})
}
