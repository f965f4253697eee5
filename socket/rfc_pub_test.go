package socket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// slow publishes large messages until some are dropped for a subscriber that
// does not read, while fast gets every one. It returns how many were sent.
func (s *stage) slow(x publisher, fast socket.Receiver) (sent int) {
	s.Helper()
	body := strings.Repeat("x", 64<<10)
	for x.Stats().Out.Dropped[socket.DropFull] == 0 {
		if err := x.TrySend([]byte("all"), []byte(fmt.Sprint(sent)), []byte(body)); err != nil {
			s.Fatal(err)
		}
		s.want(fast, "all", fmt.Sprint(sent), body)
		sent++
	}
	return sent
}

func TestRFC29Pub(t *testing.T) {
	show(t, "PS-01 PUB sends to SUB and XSUB and does not receive", func(s *stage) {
		pub, sub, xsub := s.pub(), s.sub(), s.xsub()
		if _, ok := any(pub).(socket.Receiver); ok {
			s.Fatal("PUB has Recv")
		}
		s.subscribe(sub, "A")
		s.send(xsub, "\x01A")
		s.star(pub, sub, xsub)
		s.subscribers(pub, "A", 2)
		s.send(pub, "A1")
		s.want(sub, "A1")
		s.want(xsub, "A1")
	})

	show(t, "PS-02 the queue of a subscriber goes with it", func(s *stage) {
		pub, sub := s.pub(quick()), s.sub()
		m := pub.Monitor()
		s.subscribe(sub, "")
		endpoint := s.nowhere()
		s.connect(pub, endpoint) // even if it is the publisher who connects
		s.bindAt(sub, endpoint)
		s.subscribers(pub, "A", 1)
		s.send(pub, "A1")
		s.want(sub, "A1")
		drop(sub)
		s.event(m, socket.EventDisconnected)
		s.until("the subscriber is forgotten", func() bool {
			before := pub.Stats().Out.Messages
			s.send(pub, "A lost")
			return pub.Stats().Out.Messages == before
		})
		again := s.sub()
		s.subscribe(again, "")
		s.bindAt(again, endpoint)
		s.subscribers(pub, "A", 1)
		s.send(pub, "A2")
		s.want(again, "A2")
		s.empty(again)
	})

	show(t, "PS-03 a message goes whole to whoever subscribed to a prefix of its first frame, once", func(s *stage) {
		pub, a, ab, all := s.pub(), s.sub(), s.sub(), s.sub()
		s.subscribe(a, "A")
		s.subscribe(ab, "A", "AB", "ABC")
		s.subscribe(all, "", "B")
		s.star(pub, a, ab, all)
		s.subscribers(pub, "ABC", 3)
		s.subscribers(pub, "B", 1)
		s.send(pub, "ABCD", "A", "")
		s.send(pub, "B", "A")
		s.send(pub, "A")
		for _, x := range []*socket.Sub{a, ab} {
			s.want(x, "ABCD", "A", "")
			s.want(x, "A")
			s.empty(x)
		}
		s.want(all, "ABCD", "A", "")
		s.want(all, "B", "A")
		s.want(all, "A")
		s.empty(all)
	})

	showInproc(t, "PS-04 for a full subscriber messages are dropped, for others not", func(s *stage) {
		pub := s.pub(socket.WithSendHWM(1))
		full, a, b := s.sub(socket.WithRecvHWM(1)), s.sub(), s.sub()
		m := pub.Monitor()
		for _, x := range []*socket.Sub{full, a, b} {
			s.subscribe(x, "")
		}
		s.star(pub, full, a, b)
		s.subscribers(pub, "", 3)
		for i := range 10 {
			s.send(pub, fmt.Sprint(i))
			s.want(a, fmt.Sprint(i))
			s.want(b, fmt.Sprint(i))
		}
		s.event(m, socket.EventDropping)
		equal(s, "dropped", pub.Stats().Out.Dropped[socket.DropFull], 8)
		s.want(full, "0")
		s.want(full, "1")
		s.empty(full)
	})

	show(t, "PS-05 sending never waits for a slow subscriber; PS-10 what it gets is whole", func(s *stage) {
		pub, slow, fast := s.pub(socket.WithSendHWM(2)), s.sub(socket.WithRecvHWM(2)), s.sub()
		s.subscribe(slow, "")
		s.subscribe(fast, "")
		s.star(pub, slow, fast)
		s.subscribers(pub, "", 2)
		sent := s.slow(pub, fast)
		got := sent - int(pub.Stats().Out.Dropped[socket.DropFull])
		for i := range got {
			m := s.recv(slow)
			if len(m) != 3 || m[1] != fmt.Sprint(i) || len(m[2]) != 64<<10 {
				s.Fatalf("message %d is %.100q", i, m)
			}
		}
		s.empty(slow)
	})

	show(t, "PS-06 subscriptions are not delivered; PS-07 nor is anything else a subscriber sends", func(s *stage) {
		pub, a, b := s.pub(), s.xsub(), s.sub()
		s.subscribe(b, "A")
		s.star(pub, a, b)
		for _, x := range []string{"\x01A", "user", "\x01B", "", "\x00B"} {
			s.send(a, x)
		}
		s.send(a, "\x01A", "two frames")
		s.subscribers(pub, "A", 2)
		s.until("all is discarded", func() bool { return pub.Stats().In.Dropped[socket.DropMalformed] == 3 })
		in := pub.Stats().In
		equal(s, "delivered", in.Delivered, 0)
		equal(s, "waiting", in.Queued, 0)
		equal(s, "connections lost", pub.Stats().Lost, 0)
	})

	show(t, "PS-08 without a subscriber messages go nowhere, at once", func(s *stage) {
		pub := s.pub(quick())
		endpoint := s.nowhere()
		s.connect(pub, endpoint)
		s.bind(pub)
		for range 5000 {
			s.send(pub, "A")
		}
		out := pub.Stats().Out
		equal(s, "queued", out.Queued, 0)
		sub := s.sub()
		s.subscribe(sub, "")
		s.bindAt(sub, endpoint)
		s.subscribers(pub, "", 1)
		s.send(pub, "first")
		s.want(sub, "first")
	})

	show(t, "PS-09 what is sent before the subscription has come is lost, after WaitSubscribers nothing", func(s *stage) {
		pub := s.pub()
		subs := []*socket.Sub{s.sub(), s.sub(), s.sub()}
		endpoint := s.bind(pub)
		s.send(pub, "A too early")
		for i, sub := range subs {
			s.subscribe(sub, "A")
			s.connect(sub, endpoint)
			s.subscribers(pub, "A", i+1)
		}
		for i := range 100 {
			s.send(pub, "A", fmt.Sprint(i))
		}
		for i := range 100 {
			for _, sub := range subs {
				s.want(sub, "A", fmt.Sprint(i))
			}
		}
	})
}

func TestRFC29Sub(t *testing.T) {
	show(t, "PS-40 SUB receives from PUB and XPUB and does not send", func(s *stage) {
		sub, pub, xpub := s.sub(), s.pub(), s.xpub()
		if _, ok := any(sub).(socket.Sender); ok {
			s.Fatal("SUB has Send")
		}
		s.subscribe(sub, "A")
		s.star(sub, pub, xpub)
		for _, x := range []publisher{pub, xpub} {
			s.subscribers(x, "A", 1)
			s.send(x, "A1")
			s.want(sub, "A1")
		}
	})

	show(t, "PS-41 without a subscription nothing comes", func(s *stage) {
		pub, none, some := s.pub(), s.sub(), s.sub()
		s.subscribe(some, "A")
		s.star(pub, none, some)
		s.subscribers(pub, "A", 1)
		for range 100 {
			s.send(pub, "A")
			s.want(some, "A")
		}
		s.empty(none)
		equal(s, "sent", pub.Stats().Out.Messages, 100)
	})

	show(t, "PS-42 who subscribes three times has to cancel three times", func(s *stage) {
		xpub, sub := s.xpub(), s.sub()
		s.subscribe(sub, "A", "A", "A")
		s.unsubscribe(sub, "unknown", "", "AA")
		s.star(xpub, sub)
		s.want(xpub, "\x01A")
		for range 2 {
			s.unsubscribe(sub, "A")
			s.send(xpub, "A1")
			s.want(sub, "A1")
		}
		s.unsubscribe(sub, "A")
		s.want(xpub, "\x00A")
		s.send(xpub, "A2")
		s.empty(sub)
	})

	show(t, "PS-44 subscriptions reach every publisher, present and future", func(s *stage) {
		sub := s.sub(quick())
		s.subscribe(sub, "A")
		present := []*socket.Pub{s.pub(), s.pub(), s.pub()}
		s.star(sub, present[0], present[1], present[2])
		s.subscribe(sub, "B")
		future := s.pub()
		late := s.nowhere()
		s.connect(sub, late)
		s.bindAt(future, late)
		for _, pub := range append(present, future) {
			for _, topic := range []string{"A", "B"} {
				s.subscribers(pub, topic, 1)
				s.send(pub, topic)
				s.want(sub, topic)
			}
		}
	})

	show(t, "PS-45 a SUB that has said all it has to closes at once", func(s *stage) {
		sub := s.sub(socket.WithLinger(-1))
		s.connect(sub, s.nowhere())
		s.subscribe(sub, "A", "B")
		if err := sub.Close(); err != nil {
			s.Fatal(err)
		}
	})

	show(t, "PS-46 when a SUB disconnects its publisher hears of it", func(s *stage) {
		xpub, sub := s.xpub(), s.sub()
		s.subscribe(sub, "A")
		endpoint := s.star(xpub, sub)
		s.want(xpub, "\x01A")
		for i := range 3 {
			s.send(xpub, "A", fmt.Sprint(i))
			s.want(sub, "A", fmt.Sprint(i))
		}
		if err := sub.Disconnect(endpoint); err != nil {
			s.Fatal(err)
		}
		s.want(xpub, "\x00A")
		s.send(xpub, "A", "too late")
		s.empty(sub)
	})
}
