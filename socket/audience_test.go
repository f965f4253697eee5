package socket_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestHasSubscribers(t *testing.T) {
	type audience interface {
		publisher
		HasSubscribers(topic string) bool
	}
	asks := func(s *stage, x audience, topic string, want bool) {
		s.Helper()
		if got := x.HasSubscribers(topic); got != want {
			s.Fatalf("HasSubscribers(%q) is %t", topic, got)
		}
	}

	show(t, "it follows the subscriptions to the topic and its prefixes", func(s *stage) {
		for _, x := range []audience{s.pub(), s.xpub()} {
			a, b := s.sub(), s.sub()
			asks(s, x, "", false)
			s.subscribe(a, "weather/")
			s.star(x, a, b)
			s.subscribers(x, "weather/", 1)
			asks(s, x, "weather/berlin", true)
			asks(s, x, "weather/", true)
			asks(s, x, "weather", false)
			asks(s, x, "", false)
			asks(s, x, "traffic", false)
			s.subscribe(b, "")
			s.subscribers(x, "traffic", 1)
			asks(s, x, "", true)
			s.unsubscribe(b, "")
			s.until("the cancellation has come", func() bool { return !x.HasSubscribers("traffic") })
			asks(s, x, "weather/berlin", true)
			drop(a)
			s.until("the peer has left", func() bool { return !x.HasSubscribers("weather/") })
		}
	})

	show(t, "it says what a Send meets", func(s *stage) {
		pub, a := s.pub(), s.sub()
		s.subscribe(a, "A")
		s.star(pub, a)
		s.subscribers(pub, "A", 1)
		for _, topic := range []string{"", "A", "B", "AB", strings.Repeat("A", 1000)} {
			before := pub.Stats().Out.Messages
			heard := pub.HasSubscribers(topic)
			s.send(pub, topic)
			equal(s, "messages for "+topic, pub.Stats().Out.Messages > before, heard)
		}
	})

	show(t, "with WithManual it goes by what the application has confirmed", func(s *stage) {
		x, a := s.xpub(socket.WithManual()), s.sub()
		s.subscribe(a, "A")
		s.star(x, a)
		s.want(x, "\x01A")
		asks(s, x, "A", false)
		if err := x.Subscribe("B"); err != nil {
			s.Fatal(err)
		}
		asks(s, x, "A", false)
		asks(s, x, "B", true)
	})

	show(t, "with WithInvertMatching it is whom the topic goes to then", func(s *stage) {
		x, a, b := s.xpub(socket.WithInvertMatching()), s.sub(socket.WithInvertMatching()), s.sub(socket.WithInvertMatching())
		asks(s, x, "A", false)
		s.subscribe(a, "A")
		s.star(x, a)
		s.until("the topic has come", func() bool { return x.Topics() == 1 })
		asks(s, x, "A", false)
		asks(s, x, "B", true)
		s.connect(b, s.bind(x))
		s.until("it goes to the other one", func() bool { return x.HasSubscribers("A") })
	})

	show(t, "an endpoint given up and a closed socket have none", func(s *stage) {
		pub, a, b := s.pub(), s.sub(), s.sub()
		s.subscribe(a, "A")
		endpoint := s.star(pub, a)
		s.subscribers(pub, "A", 1)
		if err := pub.Unbind(endpoint); err != nil {
			s.Fatal(err)
		}
		asks(s, pub, "A", false)
		s.subscribe(b, "A")
		s.connect(b, s.bind(pub))
		s.subscribers(pub, "A", 1)
		asks(s, pub, "A", true)
		drop(pub)
		asks(s, pub, "A", false)
	})

	show(t, "it may be asked while others send and peers come and go", func(s *stage) {
		pub := s.pub()
		endpoint := s.bind(pub)
		var working sync.WaitGroup
		for range 2 {
			working.Go(func() {
				for range 500 {
					pub.HasSubscribers("A")
					s.send(pub, "A")
				}
			})
		}
		for range 10 {
			x := s.sub()
			s.subscribe(x, "A")
			s.connect(x, endpoint)
			s.until("it has come", func() bool { return pub.HasSubscribers("A") })
			drop(x)
		}
		working.Wait()
		s.until("all have left", func() bool { return !pub.HasSubscribers("A") })
	})

	t.Run("it does not allocate", func(t *testing.T) {
		s := &stage{T: t, ctx: t.Context(), scheme: "inproc"}
		pub, a := s.pub(), s.sub()
		s.subscribe(a, "A")
		s.star(pub, a)
		s.subscribers(pub, "A", 1)
		long, heard := strings.Repeat("A", 10_000), false
		if n := testing.AllocsPerRun(100, func() { heard = pub.HasSubscribers(long) && !pub.HasSubscribers("B") }); n != 0 || !heard {
			t.Errorf("%v allocations, heard %t", n, heard)
		}
	})
}
