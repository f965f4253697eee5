package socket_test

import (
	"errors"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC28Notify(t *testing.T) {
	const both = socket.NotifyConnect | socket.NotifyDisconnect

	show(t, "RR-50 WithNotify shows who comes and goes, around what they send", func(s *stage) {
		router := s.router(socket.WithNotify(both))
		names := []string{"a", "b", "c"}
		dealers := map[string]*socket.Dealer{}
		for _, name := range names {
			dealers[name] = s.dealer(id(name))
		}
		s.star(router, dealers["a"], dealers["b"], dealers["c"])
		for _, name := range names {
			s.send(dealers[name], "1")
			s.send(dealers[name], "2")
		}
		s.arrived(router, 6)
		for _, name := range names {
			s.must(dealers[name].Close())
		}
		s.until("they have gone", func() bool { return router.Stats().Peers == 0 })
		got := map[string][]string{}
		for range 12 {
			m := s.recv(router)
			got[m[0]] = append(got[m[0]], m[1])
		}
		for _, name := range names {
			if m := got[name]; len(m) != 4 || m[0] != "" || m[1] != "1" || m[2] != "2" || m[3] != "" {
				s.Fatalf("received of %s: %q", name, m)
			}
		}
		s.empty(router)
		equal(s, "messages", router.Stats().In.Messages, 12)
	})

	show(t, "RR-50 each notice can be had alone", func(s *stage) {
		for _, of := range []socket.Notify{0, socket.NotifyConnect, socket.NotifyDisconnect} {
			router := s.router(socket.WithNotify(of))
			m := router.Monitor()
			s.star(router, s.dealer())
			var told socket.Message
			if of == socket.NotifyConnect {
				m, from, err := router.RecvFrom(s.ctx)
				s.must(err)
				equal(s, "who it is from", string(from.ID), string(m[0]))
				told = m
			} else {
				s.empty(router)
			}
			dealer := s.dealer(id("x"))
			s.star(router, dealer)
			if of == socket.NotifyConnect {
				s.must(router.RecvInto(s.ctx, &told))
				equal(s, "who came", string(told[0]), "x")
			}
			drop(dealer)
			s.event(m, socket.EventDisconnected)
			s.until("it is gone", func() bool { return router.Stats().Peers == 1 })
			if of == socket.NotifyDisconnect {
				s.want(router, "x", "")
				s.matches(router.TrySend([]byte("x"), []byte("m")), socket.ErrNoRoute)
			}
			s.empty(router)
		}
		if _, err := socket.NewRouter(socket.WithNotify(4)); !errors.Is(err, socket.ErrOption) {
			s.Fatalf("got %v, want ErrOption", err)
		}
	})

	showWire(t, "RR-50 a failed handshake and a message cut short show nothing", func(s *stage) {
		router := s.router(socket.WithNotify(both))
		m := router.Monitor()
		endpoint := s.bind(router)
		s.connect(s.pull(never()), endpoint)
		s.event(m, socket.EventHandshakeFailed)
		peer := s.wireTo(router, "DEALER", 1, property("Identity", "x"))
		s.want(router, "x", "")
		peer.write(message("whole"), message("first frame", "second")[:15])
		peer.Close()
		s.want(router, "x", "whole")
		s.want(router, "x", "")
		s.empty(router)
	})

	show(t, "RR-50 a connection that only gets rid of what was queued shows nothing", func(s *stage) {
		router := s.router(socket.WithNotify(both), quick())
		m := router.Monitor()
		endpoint := s.nowhere()
		s.must(router.ConnectAs(endpoint, "x"))
		s.send(router, "x", "m")
		s.must(router.Disconnect(endpoint))
		dealer := s.dealer()
		s.bindAt(dealer, endpoint)
		s.want(dealer, "m")
		s.event(m, socket.EventDisconnected)
		s.empty(router)
	})

	show(t, "RR-50 an identity that is handed over has not gone", func(s *stage) {
		router := s.router(socket.WithNotify(both), socket.WithHandover())
		m := router.Monitor()
		first, second := s.dealer(id("x"), never()), s.dealer(id("x"), never())
		endpoint := s.star(router, first)
		s.want(router, "x", "")
		s.connect(second, endpoint)
		s.event(m, socket.EventDisconnected)
		s.send(second, "m")
		s.want(router, "x", "m")
		drop(second)
		s.want(router, "x", "")
		s.empty(router)
	})
}
