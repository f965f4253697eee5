package socket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC29XPub(t *testing.T) {
	show(t, "PS-20 subscriptions come as messages, whoever sends them", func(s *stage) {
		xpub, sub, xsub := s.xpub(), s.sub(), s.xsub()
		s.star(xpub, sub, xsub)
		s.subscribe(sub, "A", "")
		s.want(xpub, "\x01A")
		s.want(xpub, "\x01")
		s.send(xsub, "\x01B")
		s.want(xpub, "\x01B")
		s.unsubscribe(sub, "A")
		s.want(xpub, "\x00A")
		s.send(xpub, "B1")
		s.want(sub, "B1")
		s.want(xsub, "B1")
	})

	modes := []struct {
		name string
		opts []socket.XPubOption
		all  bool // subscriptions are shown
		ends bool // cancellations are shown
	}{
		{"PS-21 the first subscription and the last cancellation of a topic are shown", nil, false, false},
		{"PS-22 WithVerbose shows every subscription", []socket.XPubOption{socket.WithVerbose()}, true, false},
		{"PS-23 WithVerboser shows every subscription and every cancellation", []socket.XPubOption{socket.WithVerboser()}, true, true},
	}
	for _, mode := range modes {
		show(t, mode.name, func(s *stage) {
			xpub := s.xpub(mode.opts...)
			subs := []*socket.Sub{s.sub(), s.sub(), s.sub()}
			s.star(xpub, subs[0], subs[1], subs[2])
			// Each notice is taken before the next can come: notices of different
			// peers have no order.
			for i, sub := range subs {
				s.subscribe(sub, "A")
				s.subscribers(xpub, "A", i+1)
				if i == 0 || mode.all {
					s.want(xpub, "\x01A")
				}
			}
			for i, sub := range subs {
				s.unsubscribe(sub, "A")
				n := uint64(len(subs) - i - 1)
				s.until("the subscription has ended", func() bool {
					before := xpub.Stats().Out.Messages
					s.send(xpub, "A")
					return xpub.Stats().Out.Messages == before+n
				})
				if n == 0 || mode.ends {
					s.want(xpub, "\x00A")
				}
			}
			for _, sub := range subs {
				s.subscribe(sub, "end")
			}
			s.want(xpub, "\x01end")
			if mode.all {
				s.want(xpub, "\x01end")
				s.want(xpub, "\x01end")
			}
			s.empty(xpub)
		})
	}

	show(t, "PS-24 the loss of a subscriber cancels what only it had", func(s *stage) {
		for _, verboser := range []bool{false, true} {
			var opts []socket.XPubOption
			if verboser {
				opts = append(opts, socket.WithVerboser())
			}
			xpub, a, b := s.xpub(opts...), s.sub(), s.sub()
			s.subscribe(a, "A", "common")
			s.star(xpub, a)
			s.set(xpub, "\x01A", "\x01common")
			s.subscribe(b, "common")
			s.star(xpub, b)
			s.subscribers(xpub, "common", 2)
			if verboser {
				s.want(xpub, "\x01common")
			}
			drop(a)
			want := []string{"\x00A"}
			if verboser {
				want = append(want, "\x00common")
			}
			s.set(xpub, want...)
			drop(b)
			s.want(xpub, "\x00common")
		}
	})

	show(t, "PS-25 other messages of subscribers come unchanged", func(s *stage) {
		xpub, xsub := s.xpub(), s.xsub()
		s.star(xpub, xsub)
		for _, m := range [][]string{{"user"}, {"\x02", "more", ""}, {""}, {"", "\x01"}} {
			s.send(xsub, m...)
			s.want(xpub, m...)
		}
	})

	show(t, "PS-26 a message of several frames is the user's even if it begins with 0 or 1", func(s *stage) {
		xpub, xsub := s.xpub(), s.xsub()
		s.star(xpub, xsub)
		for _, m := range [][]string{{"\x01A", "more"}, {"\x00A", "more"}, {"\x00", "\x01", "\x00"}} {
			s.send(xsub, m...)
			s.want(xpub, m...)
		}
		s.send(xpub, "A")
		equal(s, "sent", xpub.Stats().Out.Messages, 0)
	})

	show(t, "PS-27 with WithManual the application chooses the topics", func(s *stage) {
		xpub := s.xpub(socket.WithManual())
		s.matches(s.xpub().Subscribe("A"), socket.ErrState)
		subs := []*socket.Sub{s.sub(), s.sub(), s.sub()}
		s.star(xpub, subs[0], subs[1], subs[2])
		for i, sub := range subs {
			s.subscribe(sub, "A", "B", "C") // what SUB filters by
			for _, notice := range []string{"\x01A", "\x01B", "\x01C"} {
				s.want(xpub, notice)
			}
			if err := xpub.Subscribe([]string{"A", "B", "C"}[i]); err != nil {
				s.Fatal(err)
			}
		}
		for i, topic := range []string{"A", "B", "C"} {
			s.send(xpub, topic)
			s.want(subs[i], topic)
		}
		s.unsubscribe(subs[1], "A")
		s.want(xpub, "\x00A")
		if err := xpub.Unsubscribe("B"); err != nil {
			s.Fatal(err)
		}
		if err := xpub.Subscribe("C"); err != nil {
			s.Fatal(err)
		}
		s.send(xpub, "B")
		s.send(xpub, "C")
		s.want(subs[1], "C")
		s.want(subs[2], "C")
		for _, sub := range subs {
			s.empty(sub)
		}
	})

	show(t, "PS-29 with WithManual the loss of a peer shows the topics it asked for", func(s *stage) {
		xpub, sub := s.xpub(socket.WithManual()), s.sub()
		s.subscribe(sub, "A", "B")
		s.star(xpub, sub)
		for _, notice := range []string{"\x01A", "\x01B"} {
			s.want(xpub, notice)
			if err := xpub.Subscribe("X" + notice[1:]); err != nil {
				s.Fatal(err)
			}
		}
		drop(sub)
		s.set(xpub, "\x00A", "\x00B")
		if err := xpub.Unsubscribe("XA"); err != nil { // of nobody
			s.Fatal(err)
		}
		s.send(xpub, "XA")
		equal(s, "sent", xpub.Stats().Out.Messages, 0)
	})

	show(t, "PS-30 WithWelcome greets who has subscribed to its topic", func(s *stage) {
		xpub := s.xpub(socket.WithWelcome([]byte("W"), []byte("hello")))
		a, b, c := s.sub(), s.sub(), s.sub()
		s.subscribe(a, "W")
		s.subscribe(b, "other")
		s.subscribe(c, "")
		s.star(xpub, a, b, c)
		s.want(a, "W", "hello")
		s.want(c, "W", "hello")
		s.set(xpub, "\x01W", "\x01other", "\x01")
		s.send(xpub, "other")
		s.want(b, "other")
	})

	showInproc(t, "PS-31 with WithNoDrop a message goes to all or, for now, to none", func(s *stage) {
		xpub := s.xpub(socket.WithNoDrop(), socket.WithSendHWM(1))
		slow, fast := s.sub(socket.WithRecvHWM(1)), s.sub()
		s.subscribe(slow, "")
		s.subscribe(fast, "")
		s.star(xpub, slow, fast)
		s.subscribers(xpub, "", 2)
		s.send(xpub, "0")
		s.send(xpub, "1")
		s.blocked(xpub, "2")
		sent := make(chan error, 1)
		go func() { sent <- xpub.Send(s.ctx, []byte("2")) }()
		s.want(fast, "0")
		s.want(fast, "1")
		for i := range 3 {
			s.want(slow, fmt.Sprint(i))
		}
		s.want(fast, "2")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
		equal(s, "dropped", xpub.Stats().Out.Dropped.Total(), 0)
		drop(slow)
		drop(fast)
	})

	show(t, "PS-31 nothing is dropped under a load that fills every queue", func(s *stage) {
		xpub := s.xpub(socket.WithNoDrop(), socket.WithSendHWM(10))
		subs := []*socket.Sub{s.sub(socket.WithRecvHWM(10)), s.sub(socket.WithRecvHWM(10)), s.sub()}
		for _, sub := range subs {
			s.subscribe(sub, "")
		}
		s.star(xpub, subs[0], subs[1], subs[2])
		s.subscribers(xpub, "", 3)
		body := strings.Repeat("x", 1000)
		go func() {
			for i := range 3000 {
				xpub.Send(s.ctx, fmt.Append(nil, i), []byte(body))
			}
		}()
		for i := range 3000 {
			for _, sub := range subs {
				s.want(sub, fmt.Sprint(i), body)
			}
		}
	})
}

func TestRFC29XSub(t *testing.T) {
	show(t, "PS-50 XSUB subscribes by messages, others go upstream to all publishers", func(s *stage) {
		xsub := s.xsub()
		xpubs := []*socket.XPub{s.xpub(), s.xpub(), s.xpub()}
		s.star(xsub, xpubs[0], xpubs[1], xpubs[2])
		for _, m := range [][]string{{"\x01A"}, {"user", "message"}, {"\x00A"}} {
			s.send(xsub, m...)
			for _, x := range xpubs {
				s.want(x, m...)
			}
		}
	})

	show(t, "PS-51 sending never waits, and drops for publishers that are full", func(s *stage) {
		xsub, full, open := s.xsub(socket.WithSendHWM(2)), s.xpub(socket.WithRecvHWM(2)), s.xpub()
		s.star(xsub, full, open)
		body := strings.Repeat("x", 64<<10)
		sent := 0
		for xsub.Stats().Out.Dropped[socket.DropFull] == 0 {
			s.send(xsub, fmt.Sprint(sent), body)
			s.want(open, fmt.Sprint(sent), body)
			sent++
		}
		for i := range sent - 1 {
			s.want(full, fmt.Sprint(i), body)
		}
		s.empty(full)
		alone := s.xsub()
		s.send(alone, "to nobody")
		equal(s, "sent to nobody", alone.Stats().Out.Messages, 0)
	})

	show(t, "PS-52 a cancellation passes when it is the last of its topic", func(s *stage) {
		xsub, xpub := s.xsub(), s.xpub(socket.WithVerboser())
		s.star(xsub, xpub)
		s.send(xsub, "\x01begin") // what came before the publisher is told as a set
		s.want(xpub, "\x01begin")
		for _, m := range []string{"\x01A", "\x01A", "\x00A", "\x00B", "\x00A", "\x00A", "\x01C"} {
			s.send(xsub, m)
		}
		for _, notice := range []string{"\x01A", "\x01A", "\x00A", "\x01C"} {
			s.want(xpub, notice)
		}
	})

	show(t, "PS-53 what publishers send is not filtered; PS-54 to close is to cancel", func(s *stage) {
		xsub, xpub := s.xsub(), s.xpub(socket.WithManual())
		s.star(xpub, xsub)
		s.send(xsub, "\x01A")
		s.want(xpub, "\x01A")
		if err := xpub.Subscribe(""); err != nil {
			s.Fatal(err)
		}
		s.send(xpub, "B")
		s.want(xsub, "B")
		if err := xsub.Close(); err != nil {
			s.Fatal(err)
		}
		s.want(xpub, "\x00A")
	})

	show(t, "PS-55 a subscription with more frames is a message of the user", func(s *stage) {
		xsub, xpub := s.xsub(), s.xpub()
		s.star(xpub, xsub)
		s.send(xsub, "\x01A", "user data")
		s.want(xpub, "\x01A", "user data")
		s.send(xsub, "\x01B")
		s.want(xpub, "\x01B")
		s.send(xpub, "A")
		s.send(xpub, "B")
		s.want(xsub, "B")
	})
}
