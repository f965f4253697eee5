package socket_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/pattern"
	"github.com/brokerless/brokerless/socket"
)

func TestRFC28ConnectAs(t *testing.T) {
	show(t, "RR-47 ConnectAs names the peer, whatever it announces", func(s *stage) {
		router := s.router()
		dealer, req, hub := s.dealer(id("its own name")), s.req(), s.router(id("hub"), socket.WithProbe())
		for name, peer := range map[string]anySocket{"dealer": dealer, "req": req, "router": hub} {
			s.must(router.ConnectAs(s.bind(peer), socket.PeerID(name)))
		}
		s.send(router, "dealer", "to the dealer") // connected or not
		s.want(dealer, "to the dealer")
		s.send(dealer, "m")
		s.send(req, "m")
		for range 3 {
			switch m := s.recv(router); m[0] {
			case "dealer":
				equal(s, "message", strings.Join(m, "|"), "dealer|m")
			case "req":
				equal(s, "message", strings.Join(m, "|"), "req||m")
			default:
				equal(s, "message", strings.Join(m, "|"), "router|")
			}
		}
		s.connect(router, s.bind(s.dealer(id("its own name")))) // the name was for one connection
		s.until("it is there", func() bool {
			return router.TrySend([]byte("its own name"), []byte("m")) == nil
		})
	})

	show(t, "RR-47 what is sent while the named peer is away waits for it", func(s *stage) {
		for _, immediate := range []bool{false, true} {
			router := s.router(quick())
			if immediate {
				router = s.router(quick(), socket.WithImmediate())
			}
			endpoint := s.nowhere()
			s.must(router.ConnectAs(endpoint, "x"))
			for _, m := range []string{"1", "2", "3"} {
				if immediate {
					s.matches(router.TrySend([]byte("x"), []byte(m)), socket.ErrNoRoute)
				} else {
					s.send(router, "x", m)
				}
				dealer := s.dealer()
				s.bindAt(dealer, endpoint)
				if immediate {
					s.peers(router, 1)
					s.send(router, "x", m)
				}
				s.want(dealer, m)
				drop(dealer)
				s.until("it is gone", func() bool { return router.Stats().Peers == 0 })
			}
			s.must(router.Disconnect(endpoint))
			s.matches(router.TrySend([]byte("x"), []byte("m")), socket.ErrNoRoute)
			s.must(router.ConnectAs(endpoint, "x"))
		}
	})

	showInproc(t, "RR-47 a Send that waits for room ends when the named peer is given up", func(s *stage) {
		router := s.router(socket.WithMandatory(), socket.WithSendHWM(1))
		endpoint := s.nowhere()
		s.must(router.ConnectAs(endpoint, "x"))
		s.send(router, "x", "1")
		s.blocked(router, "x", "2")
		done := make(chan error, 1)
		go func() { done <- router.Send(context.WithoutCancel(s.ctx), []byte("x"), []byte("2")) }()
		s.must(router.Disconnect(endpoint))
		s.matches(<-done, socket.ErrNoRoute)
	})

	showWire(t, "RR-47 a STREAM names its connections, too", func(s *stage) {
		x := s.stream(quick())
		l, endpoint := s.listen()
		s.must(x.ConnectAs(endpoint, "web"))
		s.matches(x.ConnectAs(endpoint, "web"), socket.ErrOption)
		s.send(x, "web", "early")
		for range 3 {
			w := s.accept(l)
			s.want(x, "web", "")
			w.expect("early")
			w.write("late")
			s.want(x, "web", "late")
			w.Close()
			s.want(x, "web", "")
			s.until("the connection is gone for good", func() bool {
				return x.TrySend([]byte("web"), []byte("early")) == nil
			})
		}
		s.accept(l)
		s.want(x, "web", "")
		s.send(x, "web", "")
		s.want(x, "web", "")
		s.matches(x.TrySend([]byte("web"), []byte("m")), socket.ErrNoRoute)
		s.must(x.ConnectAs(s.nowhere(), "web")) // the name is free
		s.send(x, "web", "")
		s.matches(x.TrySend([]byte("web"), []byte("m")), socket.ErrNoRoute)
	})

	show(t, "RR-47 one name is for one peer", func(s *stage) {
		router := s.router(socket.WithHandover())
		m := router.Monitor()
		known, endpoint := s.dealer(id("known")), s.nowhere()
		bound := s.star(router, known)
		s.must(router.ConnectAs(endpoint, "x"))
		for _, name := range []socket.PeerID{"known", "x"} {
			err := router.ConnectAs(endpoint, name)
			s.matches(err, socket.ErrOption)
			s.matches(err, pattern.ErrTaken)
		}
		for _, name := range []socket.PeerID{"", "\x00", socket.PeerID(strings.Repeat("x", 256))} {
			s.matches(router.ConnectAs(endpoint, name), socket.ErrOption)
		}
		s.matches(router.ConnectAs("tcp://", "y"), socket.ErrEndpoint)

		s.connect(s.dealer(id("x"), never()), bound) // nor is it handed over, even while nobody has it
		s.matches(s.event(m, socket.EventHandshakeFailed).Err, socket.ErrProtocol)
		owner := s.dealer(id("y"))
		s.bindAt(owner, endpoint)
		s.send(router, "x", "m")
		s.want(owner, "m")
		s.connect(s.dealer(id("x"), never()), bound)
		s.event(m, socket.EventHandshakeFailed)
		s.send(router, "x", "m")
		s.want(owner, "m")
		s.send(router, "known", "m")
		s.want(known, "m")
		drop(router)
		if err := router.ConnectAs(endpoint, "z"); !errors.Is(err, socket.ErrClosed) {
			s.Fatalf("got %v, want ErrClosed", err)
		}
	})
}
