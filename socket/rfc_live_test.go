package socket_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// TestRFCLive shows what changes while a socket is at work.
func TestRFCLive(t *testing.T) {
	t.Run("OP-01 a raised send mark wakes who waits for room", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &stage{T: t, ctx: t.Context(), scheme: "inproc"}
			push := s.push(socket.WithSendHWM(2))
			s.connect(push, s.nowhere())
			equal(s, "messages at first", s.fill(push, 10, "m"), 2)
			sent := make(chan error, 2)
			for range 2 {
				go func() { sent <- push.Send(s.ctx, []byte("m")) }()
			}
			synctest.Wait()
			equal(s, "messages that were sent though there was no room", len(sent), 0)
			s.must(push.SetSendHWM(3))
			synctest.Wait()
			equal(s, "messages for which there is room now", len(sent), 1)
			s.must(push.SetSendHWMBytes(1))
			s.must(push.SetSendHWM(100))
			synctest.Wait()
			equal(s, "messages above a mark in octets", len(sent), 1)
			s.must(push.SetSendHWMBytes(0))
			synctest.Wait()
			equal(s, "messages without it", len(sent), 2)
			drop(push)
		})
	})

	show(t, "OP-01 a lower send mark holds for connections that are there", func(s *stage) {
		pub, sub := s.pub(), s.sub()
		s.must(sub.Subscribe(""))
		s.connect(pub, s.bind(sub))
		s.must(pub.WaitSubscribers(s.ctx, "", 1))
		s.must(pub.SetSendHWMBytes(1)) // which lets one message into an empty queue
		s.must(pub.SetSendHWM(1))
		s.must(sub.SetRecvHWM(1))
		s.until("messages are dropped", func() bool {
			s.send(pub, "m")
			return pub.Stats().Out.Dropped[socket.DropFull] > 0
		})
	})

	showWire(t, "OP-01 a raised receive mark has more read though nobody receives", func(s *stage) {
		for _, octets := range []bool{false, true} {
			pull, push := s.pull(), s.push()
			if octets {
				s.must(pull.SetRecvHWMBytes(1))
			} else {
				s.must(pull.SetRecvHWM(1))
			}
			s.star(pull, push)
			for range 100 {
				s.send(push, "m")
			}
			s.arrived(pull, 1)
			s.until("all is written", func() bool { return push.Stats().Out.Queued == 0 })
			equal(s, "messages read", pull.Stats().In.Queued, 1)
			if octets {
				s.must(pull.SetRecvHWMBytes(3 * 50))
			} else {
				s.must(pull.SetRecvHWM(50))
			}
			s.arrived(pull, 50)
			equal(s, "messages read then", pull.Stats().In.Queued, 50)
			s.must(pull.SetRecvHWM(0))
			s.must(pull.SetRecvHWMBytes(0))
			s.arrived(pull, 100)
			for range 100 {
				s.want(pull, "m")
			}
		}
	})

	showInproc(t, "OP-01 in process both sides' marks change the sum", func(s *stage) {
		pull, push := s.pull(socket.WithRecvHWM(2)), s.push(socket.WithSendHWM(3))
		s.star(pull, push)
		equal(s, "messages at first", s.fill(push, 100, "m"), 5)
		s.must(pull.SetRecvHWM(6))
		equal(s, "more for the receiver's mark", s.fill(push, 100, "m"), 4)
		s.must(push.SetSendHWM(10))
		equal(s, "more for the sender's mark", s.fill(push, 100, "m"), 7)
		s.must(push.SetSendHWM(1))
		for range 16 {
			s.want(pull, "m")
		}
		equal(s, "messages at last", s.fill(push, 100, "m"), 7)
		drop(pull)
		s.until("the receiver has gone", func() bool { return push.Stats().Peers == 0 })
		equal(s, "messages without its mark", s.fill(push, 100, "m"), 1)
	})

	showWire(t, "OP-01 a raised receive mark of an XPUB lets peers go on", func(s *stage) {
		xpub, xsub := s.xpub(socket.WithRecvHWM(1)), s.xsub()
		s.star(xpub, xsub)
		for _, topic := range []string{"a", "b", "c"} {
			s.send(xsub, "\x01"+topic)
		}
		s.arrived(xpub, 1)
		s.must(xpub.SetRecvHWM(3))
		s.arrived(xpub, 3)
	})

	show(t, "OP-01 the linger time is that of the moment", func(s *stage) {
		push := s.push(socket.WithLinger(-1))
		s.connect(push, s.nowhere())
		s.send(push, "m")
		push.SetLinger(0)
		var unsent *socket.UnsentError
		if err := push.Close(); !errors.As(err, &unsent) || unsent.Messages != 1 {
			s.Fatalf("closing returned %v, want one unsent message", err)
		}
	})

	t.Run("OP-02 a change that makes no sense is refused and changes nothing", func(t *testing.T) {
		s := &stage{T: t, ctx: t.Context(), scheme: "inproc"}
		dealer := s.dealer(socket.WithSendHWM(2), socket.WithRecvHWM(2))
		for _, err := range []error{
			dealer.SetSendHWM(-1), dealer.SetSendHWMBytes(-1), dealer.SetRecvHWM(-1), dealer.SetRecvHWMBytes(-1),
		} {
			s.matches(err, socket.ErrOption)
		}
		other := s.dealer(socket.WithSendHWM(1), socket.WithRecvHWM(1))
		s.star(dealer, other)
		equal(s, "messages out", s.fill(dealer, 100, "m"), 3)
		equal(s, "messages in", s.fill(other, 100, "m"), 3)
	})
}

// must fails the rule if err is not nil.
func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// TestRFCLiveFlags shows the changes of one pattern each.
func TestRFCLiveFlags(t *testing.T) {
	show(t, "OP-01 ROUTER_HANDOVER", func(s *stage) {
		router := s.router()
		m := router.Monitor()
		first, second, third := s.dealer(id("X"), never()), s.dealer(id("X"), never()), s.dealer(id("X"), never())
		endpoint := s.star(router, first)
		s.connect(second, endpoint)
		s.event(m, socket.EventHandshakeFailed)
		router.SetHandover(true)
		s.connect(third, endpoint)
		s.says(s.event(m, socket.EventDisconnected).Err, "handed over")
		s.send(router, "X", "m")
		s.want(third, "m")
	})

	showInproc(t, "OP-01 ROUTER_MANDATORY", func(s *stage) {
		router, dealer := s.router(socket.WithSendHWM(1)), s.dealer(id("X"), socket.WithRecvHWM(1))
		s.star(router, dealer)
		s.matches(router.TrySend([]byte("nobody"), []byte("m")), socket.ErrNoRoute)
		router.SetSilentDrop(true)
		s.must(router.TrySend([]byte("nobody"), []byte("m")))
		router.SetSilentDrop(false)
		s.matches(router.TrySend([]byte("nobody"), []byte("m")), socket.ErrNoRoute)
		s.send(router, "X", "1")
		s.send(router, "X", "2")
		s.send(router, "X", "dropped")
		router.SetMandatory(true)
		s.blocked(router, "X", "waits")
		ctx, cancel := context.WithTimeout(s.ctx, time.Millisecond)
		defer cancel()
		s.matches(router.Send(ctx, []byte("X"), []byte("waits")), context.DeadlineExceeded)
		router.SetMandatory(false)
		s.must(router.TrySend([]byte("X"), []byte("dropped")))
		equal(s, "dropped", router.Stats().Out.Dropped[socket.DropFull], 2)
	})

	show(t, "OP-01 PROBE_ROUTER", func(s *stage) {
		hub := s.router()
		dealer, router, req := s.dealer(id("d")), s.router(socket.WithIdentity([]byte("r"))), s.req(socket.WithIdentity([]byte("q")))
		dealer.SetProbe(true)
		router.SetProbe(true)
		req.SetProbe(true)
		s.star(hub, dealer)
		s.want(hub, "d", "")
		s.star(hub, router)
		s.want(hub, "r", "")
		s.star(hub, req)
		s.want(hub, "q", "")
		quiet := s.dealer(id("s"), socket.WithProbe())
		quiet.SetProbe(false)
		s.star(hub, quiet)
		s.send(quiet, "m")
		s.want(hub, "s", "m")
	})

	show(t, "OP-01 XPUB_VERBOSE and XPUB_VERBOSER", func(s *stage) {
		xpub := s.xpub()
		a, b := s.xsub(), s.xsub()
		s.star(xpub, a, b)
		s.send(a, "\x01t")
		s.want(xpub, "\x01t")
		xpub.SetVerbose(true)
		s.send(b, "\x01t")
		s.want(xpub, "\x01t")
		xpub.SetVerboser(true)
		s.send(b, "\x00t")
		s.want(xpub, "\x00t")
		s.send(b, "\x01t")
		s.want(xpub, "\x01t")
		xpub.SetVerbose(true) // of cancellations no more
		s.send(b, "\x00t")
		s.send(b, "\x01u")
		s.want(xpub, "\x01u")
		xpub.SetVerboser(false)
		s.send(b, "\x01t")
		s.send(b, "\x01v")
		s.want(xpub, "\x01v")
	})

	show(t, "OP-01 REQ_RELAXED and REQ_CORRELATE", func(s *stage) {
		req, router := s.req(), s.router()
		s.connect(req, s.bind(router))
		s.send(req, "1")
		plain := s.recv(router)
		equal(s, "frames of a request", len(plain), 3)
		s.matches(req.TrySend([]byte("2")), socket.ErrState)
		req.SetCorrelate(true) // the reply to the first request is still one without an id
		s.send(router, plain...)
		s.want(req, "1")
		s.send(req, "2")
		tagged := s.recv(router)
		equal(s, "frames of a request with an id", len(tagged), 4)
		req.SetRelaxed(true)
		s.send(req, "3")
		s.send(router, tagged...)
		s.send(router, s.recv(router)...)
		s.want(req, "3")
		req.SetRelaxed(false)
		req.SetCorrelate(false)
		s.send(req, "4")
		s.matches(req.TrySend([]byte("5")), socket.ErrState)
		equal(s, "frames of a request again", len(s.recv(router)), 3)
	})
}
