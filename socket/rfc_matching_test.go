package socket_test

import (
	"context"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC29Matching(t *testing.T) {
	show(t, "PS-11 with WithInvertMatching what is not subscribed to is delivered", func(s *stage) {
		for _, asXPub := range []bool{false, true} {
			var pub interface {
				anySocket
				socket.Sender
				WaitSubscribers(ctx context.Context, topic string, n int) error
			} = s.pub(socket.WithInvertMatching())
			if asXPub {
				pub = s.xpub(socket.WithInvertMatching())
			}
			a, both, none := s.sub(socket.WithInvertMatching()), s.sub(socket.WithInvertMatching()), s.sub(socket.WithInvertMatching())
			s.subscribe(a, "A")
			s.subscribe(both, "A", "AB", "B")
			s.star(pub, a, both, none)
			s.must(pub.WaitSubscribers(s.ctx, "C", 3))
			s.until("the topics have come", func() bool { return pub.(interface{ Topics() int }).Topics() == 3 })
			for _, topic := range []string{"AB", "B", "C"} {
				s.send(pub, topic)
			}
			s.want(a, "B")
			s.want(a, "C")
			s.want(both, "C")
			for _, topic := range []string{"AB", "B", "C"} {
				s.want(none, topic)
			}
			equal(s, "deliveries", pub.Stats().Out.Messages, 6)

			waiting := make(chan error, 1) // for one more whom A goes to
			go func() { waiting <- pub.WaitSubscribers(s.ctx, "A", 2) }()
			s.must(a.Unsubscribe("A"))
			s.must(<-waiting)
			s.send(pub, "A")
			s.want(a, "A")
			s.want(none, "A")
			go func() { waiting <- pub.WaitSubscribers(s.ctx, "A", 3) }()
			late := s.sub(socket.WithInvertMatching())
			s.connect(late, s.bind(pub))
			s.must(<-waiting)
			for _, x := range []*socket.Sub{a, both, none, late} {
				s.empty(x)
			}
		}
	})

	showInproc(t, "PS-11 who is given up as slow gets nothing more", func(s *stage) {
		pub := s.pub(socket.WithInvertMatching(), socket.WithSendHWM(1), socket.WithDropPolicy(socket.PolicyDisconnectSlow))
		sub := s.sub(socket.WithInvertMatching(), socket.WithRecvHWM(1), never())
		s.star(pub, sub)
		s.must(pub.WaitSubscribers(s.ctx, "A", 1))
		equal(s, "somebody takes A", pub.HasSubscribers("A"), true)
		for range 3 {
			s.send(pub, "A")
		}
		equal(s, "somebody takes A", pub.HasSubscribers("A"), false)
	})

	t.Run("PS-11 what is kept of topics does not go with it", func(t *testing.T) {
		_, err := socket.NewPub(socket.WithInvertMatching(), socket.WithLastValue())
		(&stage{T: t}).matches(err, socket.ErrOption)
	})

	show(t, "PS-11 set on one side only, nothing passes", func(s *stage) {
		pub, sub := s.pub(socket.WithInvertMatching()), s.sub()
		s.subscribe(sub, "A")
		s.star(pub, sub)
		s.until("the topic has come", func() bool { return pub.Topics() == 1 })
		s.send(pub, "A")
		s.send(pub, "B")
		s.until("it has been filtered", func() bool {
			s.empty(sub)
			return sub.Stats().In.Dropped[socket.DropFiltered] == 1
		})
	})

	show(t, "PS-28 with WithManualLastValue the next message is for who was subscribed last", func(s *stage) {
		xpub := s.xpub(socket.WithManualLastValue())
		subs := []*socket.Sub{s.sub(), s.sub(), s.sub()}
		s.star(xpub, subs[0], subs[1], subs[2])
		for _, sub := range subs {
			s.subscribe(sub, "A")
			s.want(xpub, "\x01A")
			s.must(xpub.Subscribe("A"))
			s.send(xpub, "A", "last value")
			s.want(sub, "A", "last value")
		}
		s.send(xpub, "A", "news")
		for _, sub := range subs {
			s.want(sub, "A", "news")
		}
		s.unsubscribe(subs[0], "none")
		s.subscribe(subs[0], "B")
		s.want(xpub, "\x01B")
		s.send(xpub, "A", "not subscribed yet")
		for _, sub := range subs {
			s.want(sub, "A", "not subscribed yet")
		}
		s.must(xpub.Subscribe("B"))
		s.send(xpub, "C", "nobody's")
		s.send(xpub, "B", "for the first")
		s.want(subs[0], "B", "for the first")
		s.subscribe(subs[2], "D")
		s.want(xpub, "\x01D")
		drop(subs[2])
		s.until("it has gone", func() bool { return xpub.Stats().Peers == 2 })
		s.must(xpub.Subscribe("D"))
		s.send(xpub, "A", "for one that has gone")
		s.send(xpub, "A", "for all")
		s.want(subs[0], "A", "for all")
		s.want(subs[1], "A", "for all")
	})

	showInproc(t, "PS-28 with WithNoDrop it waits for that subscriber alone", func(s *stage) {
		xpub := s.xpub(socket.WithManualLastValue(), socket.WithNoDrop(), socket.WithSendHWM(1))
		full, sub := s.sub(socket.WithRecvHWM(1)), s.sub(socket.WithRecvHWM(1))
		s.star(xpub, full, sub)
		s.subscribe(full, "A")
		s.want(xpub, "\x01A")
		s.must(xpub.Subscribe("A"))
		s.send(xpub, "A1")
		s.send(xpub, "A2")
		s.blocked(xpub, "A3")
		s.subscribe(sub, "A")
		s.want(xpub, "\x01A")
		s.must(xpub.Subscribe("A"))
		s.send(xpub, "A for the second")
		s.want(sub, "A for the second")
		s.blocked(xpub, "A3")
	})
}

func TestTopics(t *testing.T) {
	show(t, "both sides count prefixes", func(s *stage) {
		pub, xpub, sub, xsub := s.pub(), s.xpub(), s.sub(), s.xsub()
		s.subscribe(sub, "A", "A", "B")
		for _, m := range []string{"\x01A", "\x01A", "\x01B"} {
			s.send(xsub, m)
		}
		equal(s, "of SUB", sub.Topics(), 2)
		equal(s, "of XSUB", xsub.Topics(), 2)
		for _, hub := range []anySocket{pub, xpub} {
			s.star(hub, sub, xsub)
		}
		s.until("they are told", func() bool { return pub.Topics() == 2 && xpub.Topics() == 2 })
		s.unsubscribe(sub, "B")
		s.send(xsub, "\x00B")
		equal(s, "of SUB then", sub.Topics(), 1)
		equal(s, "of XSUB then", xsub.Topics(), 1)
		s.until("they are told", func() bool { return pub.Topics() == 1 && xpub.Topics() == 1 })
	})

	showWire(t, "an XSUB passes the last cancellation on, or all", func(s *stage) {
		for _, all := range []bool{false, true} {
			var opts []socket.XSubOption
			if all {
				opts = append(opts, socket.WithVerboseUnsubscribe())
			}
			xsub := s.xsub(opts...)
			w := s.wireTo(xsub, "XPUB", 0)
			sent := []string{"\x01A", "\x01A", "\x00A", "\x00A", "\x00A", "\x01B"}
			for _, m := range sent {
				s.send(xsub, m)
			}
			want := sent
			if !all {
				want = []string{"\x01A", "\x01A", "\x00A", "\x01B"}
			}
			for _, m := range want {
				equal(s, "told", w.read(2+len(m)), message(m))
			}
		}
	})
}
