package socket_test

import (
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC28Rep(t *testing.T) {
	show(t, "RR-20 peers are REQ and DEALER; receiving and sending take turns", func(s *stage) {
		rep, req, dealer := s.rep(), s.req(), s.dealer()
		s.star(rep, req, dealer)
		for range 2 {
			s.matches(rep.TrySend([]byte("nobody asked")), socket.ErrState)
			s.send(req, "ask")
			s.want(rep, "ask")
			_, err := rep.TryRecv()
			s.matches(err, socket.ErrState)
			_, err = rep.Recv(s.ctx)
			s.matches(err, socket.ErrState)
			s.send(rep, "answer")
			s.want(req, "answer")
			s.send(dealer, "", "ask")
			s.want(rep, "ask")
			s.send(rep, "answer")
			s.want(dealer, "", "answer")
		}
	})

	show(t, "RR-22 REP splits at the first empty frame", func(s *stage) {
		rep, dealer := s.rep(), s.dealer()
		s.star(rep, dealer)
		s.send(dealer, "X", "Y", "", "a", "", "b")
		s.want(rep, "a", "", "b")
		s.send(rep, "c", "", "d")
		s.want(dealer, "X", "Y", "", "c", "", "d")
		s.send(dealer, "", "a", "", "b")
		s.want(rep, "a", "", "b")
		s.send(rep, "c")
		s.want(dealer, "", "c")
		s.send(dealer, "", "", "a")
		s.want(rep, "", "a")
		s.send(rep, "")
		s.want(dealer, "", "")
	})

	show(t, "RR-23 a reply has the envelope of its request and goes to its sender", func(s *stage) {
		rep, a, b, c := s.rep(), s.dealer(), s.dealer(), s.dealer()
		s.star(rep, a, b, c)
		for i, d := range []*socket.Dealer{a, b, c} {
			tag := fmt.Sprint(i)
			s.send(d, tag, "X", "Y", "", "ask")
			m, err := rep.Recv(s.ctx)
			if err != nil {
				s.Fatal(err)
			}
			clear(m[0]) // the application may change its message
			s.send(rep, "answer")
			s.want(d, tag, "X", "Y", "", "answer")
		}
		for _, d := range []*socket.Dealer{a, b, c} {
			s.empty(d)
		}
	})

	show(t, "RR-24 a request without an empty frame is discarded", func(s *stage) {
		rep, bad, good := s.rep(), s.dealer(), s.req()
		s.star(rep, bad, good)
		s.send(bad, "no", "delimiter")
		s.send(bad, "no body", "")
		s.send(bad, "", "last")
		s.want(rep, "last")
		s.send(rep, "answer")
		s.want(bad, "", "answer")
		s.send(good, "ask")
		s.want(rep, "ask")
		s.send(rep, "answer")
		s.want(good, "answer")
		equal(s, "malformed", rep.Stats().In.Dropped[socket.DropMalformed], 2)
	})

	show(t, "RR-25 a reply to a peer that has gone is dropped, and sending never waits", func(s *stage) {
		rep, a, b := s.rep(), s.req(), s.req()
		m := rep.Monitor()
		s.star(rep, a, b)
		s.send(a, "ask")
		s.want(rep, "ask")
		drop(a)
		s.event(m, socket.EventDisconnected)
		s.send(rep, "to nobody")
		equal(s, "dropped", rep.Stats().Out.Dropped[socket.DropPeerGone], 1)
		s.send(b, "ask")
		s.want(rep, "ask")
		s.send(rep, "answer")
		s.want(b, "answer")
	})

	showInproc(t, "RR-25 a reply to a peer that is full is dropped", func(s *stage) {
		rep, dealer := s.rep(socket.WithSendHWM(1)), s.dealer(socket.WithRecvHWM(1))
		s.star(rep, dealer)
		for i := range 3 {
			s.send(dealer, "", fmt.Sprint(i))
			s.want(rep, fmt.Sprint(i))
			s.send(rep, fmt.Sprint(i))
		}
		equal(s, "dropped", rep.Stats().Out.Dropped[socket.DropFull], 1)
		s.want(dealer, "", "0")
		s.want(dealer, "", "1")
		s.empty(dealer)
	})

	show(t, "RR-26 a reply of several frames is one reply", func(s *stage) {
		rep, req := s.rep(), s.req()
		s.star(rep, req)
		s.send(req, "ask", "more")
		s.want(rep, "ask", "more")
		s.send(rep, "1", "2", "3")
		s.matches(rep.TrySend([]byte("4")), socket.ErrState)
		s.want(req, "1", "2", "3")
	})
}
