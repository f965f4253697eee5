package socket_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func (s *stage) subscribe(x *socket.Sub, prefixes ...string) {
	s.Helper()
	if err := x.Subscribe(prefixes...); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) unsubscribe(x *socket.Sub, prefixes ...string) {
	s.Helper()
	if err := x.Unsubscribe(prefixes...); err != nil {
		s.Fatal(err)
	}
}

// publisher is PUB or XPUB.
type publisher interface {
	anySocket
	trySender
	WaitSubscribers(ctx context.Context, topic string, n int) error
}

// subscribers waits until n peers get what is published under topic.
func (s *stage) subscribers(x publisher, topic string, n int) {
	s.Helper()
	if err := x.WaitSubscribers(s.ctx, topic, n); err != nil {
		s.Fatal(err)
	}
}

// set receives as many messages of one frame as it is given, in any order.
func (s *stage) set(x socket.Receiver, want ...string) {
	s.Helper()
	var got []string
	for range want {
		got = append(got, strings.Join(s.recv(x), "|"))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Fatalf("received %q, want %q in any order", got, want)
	}
}

func TestRFC37Subscription(t *testing.T) {
	showWire(t, "WT-01 each connection goes by its peer's version", func(s *stage) {
		sub := s.sub()
		old, recent := s.wireTo(sub, "PUB", 0), s.wireTo(sub, "XPUB", 1)
		s.subscribe(sub, "A")
		old.expect(message("\x01A"))
		recent.expect(command("SUBSCRIBE", "A"))
		s.unsubscribe(sub, "A")
		old.expect(message("\x00A"))
		recent.expect(command("CANCEL", "A"))
	})

	showWire(t, "WT-02 a peer of 3.0 is told of subscriptions by messages", func(s *stage) {
		sub, xsub := s.sub(), s.xsub()
		s.subscribe(sub, "A", "")
		s.send(xsub, "\x01A")
		s.send(xsub, "\x01")
		for _, x := range []anySocket{sub, xsub} {
			s.wireTo(x, "PUB", 0).expect("\x00\x02\x01A", "\x00\x01\x01")
		}
	})

	showWire(t, "WT-91 a publisher takes commands and messages from peers of any version", func(s *stage) {
		for _, minor := range []byte{0, 1, 2} {
			xpub := s.xpub()
			w := s.wireTo(xpub, "SUB", minor)
			w.write(command("SUBSCRIBE", "A"), message("\x01B"), command("CANCEL", "A"), message("\x00B"))
			for _, notice := range []string{"\x01A", "\x01B", "\x00A", "\x00B"} {
				s.want(xpub, notice)
			}
			pub := s.pub()
			w = s.wireTo(pub, "SUB", minor)
			w.write(command("SUBSCRIBE", "A"), message("\x01B"))
			s.subscribers(pub, "A", 1)
			s.subscribers(pub, "B", 1)
			s.send(pub, "A1")
			s.send(pub, "C1")
			s.send(pub, "B1")
			w.expect(message("A1"), message("B1"))
		}
	})

	showWire(t, "WT-92 SUB and XSUB send commands to peers of 3.1", func(s *stage) {
		sub, xsub := s.sub(), s.xsub()
		s.subscribe(sub, "A")
		s.send(xsub, "\x01A")
		for _, x := range []anySocket{sub, xsub} {
			s.wireTo(x, "PUB", 1).expect("\x04\x0b\x09SUBSCRIBEA")
		}
	})

	showWire(t, "WT-93 what an XSUB application subscribes to is a command for peers of 3.1", func(s *stage) {
		xsub := s.xsub()
		w := s.wireTo(xsub, "XPUB", 1)
		s.send(xsub, "\x01A")
		s.send(xsub, "\x00A")
		w.expect(command("SUBSCRIBE", "A"), command("CANCEL", "A"))
	})

	showWire(t, "WT-94 other messages go upstream: XPUB delivers, PUB discards", func(s *stage) {
		xpub, pub := s.xpub(), s.pub()
		for _, x := range []anySocket{xpub, pub} {
			w := s.wireTo(x, "XSUB", 1)
			w.write(message("\x02user"), message(""), message("\x01A"))
			w.ping()
		}
		s.want(xpub, "\x02user")
		s.want(xpub, "")
		s.want(xpub, "\x01A")
		s.subscribers(pub, "A", 1)
		in := pub.Stats().In
		equal(s, "discarded", in.Dropped[socket.DropMalformed], 2)
		equal(s, "delivered", in.Delivered, 0)
	})

	showWire(t, "WT-95 every subscription is sent, but only the last cancellation", func(s *stage) {
		sub := s.sub()
		w := s.wireTo(sub, "PUB", 1)
		s.subscribe(sub, "begin") // what came before the publisher is told as a set
		w.expect(command("SUBSCRIBE", "begin"))
		s.subscribe(sub, "A")
		s.subscribe(sub, "A", "A")
		s.unsubscribe(sub, "A", "A")
		s.subscribe(sub, "B")
		s.unsubscribe(sub, "A")
		s.unsubscribe(sub, "A", "C")
		s.subscribe(sub, "D")
		w.expect(command("SUBSCRIBE", "A"), command("SUBSCRIBE", "A"), command("SUBSCRIBE", "A"))
		w.expect(command("SUBSCRIBE", "B"), command("CANCEL", "A"), command("SUBSCRIBE", "D"))
	})

	showWire(t, "WT-96 a publisher keeps a set: one CANCEL ends two SUBSCRIBEs", func(s *stage) {
		xpub := s.xpub()
		w := s.wireTo(xpub, "SUB", 1)
		w.write(command("SUBSCRIBE", "A"), command("SUBSCRIBE", "A"), command("SUBSCRIBE", "B"), command("CANCEL", "A"))
		s.want(xpub, "\x01A")
		s.want(xpub, "\x01B")
		s.want(xpub, "\x00A")
		s.send(xpub, "A1")
		s.send(xpub, "B1")
		w.expect(message("B1"))
	})

	showWire(t, "WT-97 the empty topic is everything", func(s *stage) {
		sub := s.sub()
		s.subscribe(sub, "")
		s.wireTo(sub, "PUB", 1).expect("\x04\x0a\x09SUBSCRIBE")
		pub := s.pub()
		w := s.wireTo(pub, "SUB", 1)
		w.write("\x04\x0a\x09SUBSCRIBE")
		s.subscribers(pub, "", 1)
		for _, topic := range []string{"", "A", "\x00\xff"} {
			s.send(pub, topic)
			w.expect(message(topic))
		}
	})

	showWire(t, "WT-98 on a new connection the whole set comes first", func(s *stage) {
		l, endpoint := s.listen()
		sub := s.sub(quick())
		s.subscribe(sub, "A", "A", "B", "C")
		s.unsubscribe(sub, "C")
		s.connect(sub, endpoint)
		for range 3 {
			w := s.accept(l)
			w.greet("PUB", 1)
			w.expect(command("SUBSCRIBE", "A"), command("SUBSCRIBE", "B"))
			w.Close()
		}
		s.unsubscribe(sub, "A", "A")
		w := s.accept(l)
		w.greet("PUB", 1)
		w.expect(command("SUBSCRIBE", "B"))
	})

	show(t, "WT-99 a subscriber that leaves takes its subscriptions along", func(s *stage) {
		xpub, a, b, c := s.xpub(), s.sub(), s.sub(), s.xsub()
		s.subscribe(a, "A", "common")
		s.subscribe(b, "B", "common")
		s.send(c, "\x01C")
		s.star(xpub, a, b, c)
		s.set(xpub, "\x01A", "\x01B", "\x01C", "\x01common")
		drop(a)
		s.set(xpub, "\x00A")
		drop(c)
		s.set(xpub, "\x00C")
		drop(b)
		s.set(xpub, "\x00B", "\x00common")
	})

	showWire(t, "WT-100 SUB filters once more, XSUB does not", func(s *stage) {
		sub, xsub := s.sub(), s.xsub()
		s.subscribe(sub, "A")
		for _, x := range []anySocket{sub, xsub} {
			w := s.wireTo(x, "PUB", 1)
			w.write(message("B1"), message("A1"))
		}
		s.want(sub, "A1")
		equal(s, "filtered", sub.Stats().In.Dropped[socket.DropFiltered], 1)
		s.want(xsub, "B1")
		s.want(xsub, "A1")
	})

	show(t, "WT-101 the first frame is matched, octet by octet from its start", func(s *stage) {
		pub, sub := s.pub(), s.sub()
		s.subscribe(sub, "a.b", "\x00\xff")
		s.star(pub, sub)
		s.subscribers(pub, "a.b", 1)
		s.subscribers(pub, "\x00\xff", 1)
		for _, m := range [][]string{
			{"a", "a.b"},
			{"a.", "x"},
			{"xa.b"},
			{"A.B"},
			{"", "a.b"},
			{"\x00"},
			{"a.b"},
			{"a.bc", "x"},
			{"a.b.c"},
			{"\x00\xff\x01", "", "y"},
			{"\x00\xff"},
		} {
			s.send(pub, m...)
		}
		s.want(sub, "a.b")
		s.want(sub, "a.bc", "x")
		s.want(sub, "a.b.c")
		s.want(sub, "\x00\xff\x01", "", "y")
		s.want(sub, "\x00\xff")
		equal(s, "sent", pub.Stats().Out.Messages, 5)
	})

	showWire(t, "WT-102 a topic has at most 64 KiB", func(s *stage) {
		sub := s.sub()
		s.matches(sub.Subscribe("ok", strings.Repeat("t", 1<<16+1)), socket.ErrTooLarge)
		xpub := s.xpub()
		m := xpub.Monitor()
		w := s.wireTo(xpub, "SUB", 1)
		longest := strings.Repeat("t", 1<<16)
		w.write(command("SUBSCRIBE", longest))
		s.want(xpub, "\x01"+longest)
		w.write(command("SUBSCRIBE", longest+"t"))
		s.matches(dropped(s, m, w), socket.ErrTooLarge)
	})
}
