package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestRFCTrapsOfPeers(t *testing.T) {
	show(t, "TR-10 Unbind ends what was accepted there, and only that", func(s *stage) {
		push := s.push()
		a, b := s.pull(never()), s.pull(never())
		m := push.Monitor()
		first := s.star(push, a)
		s.star(push, b)
		if err := push.Unbind(first); err != nil {
			s.Fatal(err)
		}
		s.event(m, socket.EventDisconnected)
		for range 4 {
			s.send(push, "m")
			s.want(b, "m")
		}
	})

	show(t, "TR-11 Disconnect wants the very string that was connected", func(s *stage) {
		push, pull := s.push(), s.pull()
		endpoint := s.star(pull, push)
		s.bad(push.Disconnect(endpoint+"0"), endpoint+"0")
		if err := push.Disconnect(endpoint); err != nil {
			s.Fatal(err)
		}
		s.blocked(push, "m")
	})

	show(t, "TR-12 a queue outlasts its connection, except with WithImmediate", func(s *stage) {
		for _, immediate := range []bool{false, true} {
			opts := []socket.PushOption{quick()}
			if immediate {
				opts = append(opts, socket.WithImmediate())
			}
			push, pull := s.push(opts...), s.pull()
			m := push.Monitor()
			endpoint := s.nowhere()
			s.bindAt(pull, endpoint)
			s.connect(push, endpoint)
			s.peers(push, 1)
			drop(pull)
			s.event(m, socket.EventDisconnected)
			if immediate {
				s.blocked(push, "m")
				continue
			}
			s.send(push, "m")
			again := s.pull()
			s.bindAt(again, endpoint)
			s.want(again, "m")
		}
	})

	show(t, "TR-13 a second Connect of one endpoint does nothing on DEALER, SUB, PUB and REQ", func(s *stage) {
		router := s.router()
		pub := s.pub()
		sub, pull := s.sub(), s.pull()
		for _, test := range []struct {
			hub, x anySocket
			want   int
		}{
			{router, s.dealer(), 1},
			{s.rep(), s.req(), 1},
			{pub, s.sub(), 1},
			{sub, s.pub(), 1},
			{pull, s.push(), 2},
			{s.push(), s.pull(), 2},
			{s.xpub(), s.xsub(), 2},
			{s.xsub(), s.xpub(), 2},
		} {
			endpoint := s.bind(test.hub)
			s.connect(test.x, endpoint, endpoint)
			s.peers(test.hub, test.want)
			s.peers(test.x, test.want)
			equal(s, "peers", test.hub.Stats().Peers, test.want)
		}
	})

	show(t, "TR-14 a PAIR that was refused gets its turn when the first has gone", func(s *stage) {
		a, first, second := s.pair(), s.pair(), s.pair(quick())
		m := a.Monitor()
		endpoint := s.star(a, first)
		s.connect(second, endpoint)
		s.event(m, socket.EventHandshakeFailed)
		drop(first)
		s.event(m, socket.EventDisconnected)
		s.event(m, socket.EventReady)
		s.send(a, "m")
		s.want(second, "m")
	})

	show(t, "TR-15 a REQ whose peer has gone waits, only Request or WithRelaxed get it going", func(s *stage) {
		req, first, second := s.req(quick()), s.rep(), s.rep()
		m := req.Monitor()
		endpoint := s.nowhere()
		s.bindAt(first, endpoint)
		s.connect(req, endpoint)
		s.send(req, "ask")
		s.want(first, "ask")
		drop(first)
		s.event(m, socket.EventDisconnected)
		s.bindAt(second, endpoint)
		s.peers(req, 1)
		s.expired(req)
		s.empty(second) // not sent again
		s.matches(req.TrySend([]byte("ask")), socket.ErrState)

		client := s.req(quick())
		s.star(client, s.rep()) // which never answers
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
		defer cancel()
		_, err := client.Request(ctx, []byte("ask"))
		s.matches(err, context.DeadlineExceeded)
		serving := s.rep()
		s.connect(serving, s.bind(client))
		go serving.Serve(s.ctx, func(_ context.Context, m socket.Message) (socket.Message, error) { return m, nil })
		for {
			ctx, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
			m, err := client.Request(ctx, []byte("again"))
			cancel()
			if err == nil {
				equal(s, "reply", m.String(), `["again"]`)
				break
			}
			s.matches(err, context.DeadlineExceeded)
			if s.ctx.Err() != nil {
				s.Fatal(err)
			}
		}
	})

	showWire(t, "TR-16 XPUB reports the end of a subscriber that crashed", func(s *stage) {
		xpub := s.xpub()
		for range 3 {
			w := s.wireTo(xpub, "SUB", 1)
			w.write(command("SUBSCRIBE", "A"))
			s.want(xpub, "\x01A")
			if c, ok := w.Conn.(*net.TCPConn); ok {
				c.SetLinger(0) // resets the connection
			}
			w.Close()
			s.want(xpub, "\x00A")
		}
	})

	show(t, "TR-17 a peer without an identity has another one on each connection", func(s *stage) {
		router := s.router()
		m := router.Monitor()
		endpoint := s.bind(router)
		seen := map[string]bool{}
		for range 5 {
			dealer := s.dealer()
			s.connect(dealer, endpoint)
			s.send(dealer, "m")
			seen[s.recv(router)[0]] = true
			drop(dealer)
			s.event(m, socket.EventDisconnected)
		}
		equal(s, "identities", len(seen), 5)
	})

	show(t, "TR-18 messages and frames may be empty", func(s *stage) {
		for _, pair := range []struct {
			out trySender
			in  tryReceiver
		}{{s.push(), s.pull()}, {s.dealer(), s.dealer()}, {s.pair(), s.pair()}} {
			s.star(pair.in.(anySocket), pair.out.(anySocket))
			for _, m := range [][]string{{""}, {"", ""}, {"", "", "x", ""}} {
				s.send(pair.out, m...)
				s.want(pair.in, m...)
			}
			s.matches(pair.out.TrySend(), socket.ErrMessage)
		}
		req, rep := s.req(), s.rep()
		s.star(rep, req)
		s.send(req, "")
		s.want(rep, "")
		s.send(rep, "", "")
		s.want(req, "", "")
		pub, sub := s.pub(), s.sub()
		s.subscribe(sub, "")
		s.star(pub, sub)
		s.subscribers(pub, "", 1)
		s.send(pub, "", "")
		s.want(sub, "", "")
	})

	show(t, "TR-19 a message is received whole, never in part", func(s *stage) {
		pull, push := s.pull(), s.push()
		s.star(pull, push)
		frames := make([]string, 100)
		for i := range frames {
			frames[i] = fmt.Sprint(i)
		}
		s.send(push, frames...)
		s.send(push, "next")
		s.want(pull, frames...)
		s.want(pull, "next")
		s.empty(pull)
	})

	show(t, "TR-20 errors are told apart", func(s *stage) {
		pull, req, router := s.pull(), s.req(), s.router()
		endpoint := s.bind(pull)
		_, again := pull.TryRecv()
		_, state := req.TryRecv()
		_, inUse := s.pull().Bind(endpoint)
		closed := s.pull()
		drop(closed)
		_, afterClose := closed.Recv(s.ctx)
		for _, test := range []struct{ got, want error }{
			{again, socket.ErrWouldBlock},                                       // EAGAIN
			{state, socket.ErrState},                                            // EFSM
			{router.TrySend([]byte("x"), nil), socket.ErrNoRoute},               // EHOSTUNREACH
			{afterClose, socket.ErrClosed},                                      // ETERM, ENOTSOCK
			{afterClose, net.ErrClosed},                                         //
			{pull.Connect("nonsense"), socket.ErrEndpoint},                      // EINVAL
			{inUse, syscall.EADDRINUSE},                                         // EADDRINUSE
			{pull.Connect("gopher://x"), socket.ErrEndpoint},                    // EPROTONOSUPPORT
			{pull.Disconnect("tcp://127.0.0.1:1"), socket.ErrEndpoint},          // ENOENT
			{s.push().Send(context.Background()), socket.ErrMessage},            // EINVAL
			{closed.Connect("tcp://127.0.0.1:1"), socket.ErrClosed},             //
			{s.sub().Subscribe(strings.Repeat("t", 1<<17)), socket.ErrTooLarge}, //
		} {
			s.matches(test.got, test.want)
			var op *socket.OpError
			if !errors.As(test.got, &op) || op.Op == "" || op.Socket == "" {
				s.Fatalf("%v is no OpError", test.got)
			}
		}
	})
}
