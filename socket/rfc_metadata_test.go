package socket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// turnedDown fails the rule unless a PULL turns down a PUSH with this READY.
func turnedDown(s *stage, octets string) {
	s.Helper()
	pull := s.pull()
	m := pull.Monitor()
	w := s.dial(s.bind(pull))
	w.write(greeting(3, 1), octets)
	refused(s, m, w)
}

func TestRFC37Metadata(t *testing.T) {
	push := property("Socket-Type", "PUSH")

	showWire(t, "WT-38 property names are 1 to 255 letters, digits and -_.+", func(s *stage) {
		for _, name := range []string{"X key", "X-\x00", "X-é", "X:"} {
			turnedDown(s, ready(push, property(name, "v")))
			_, err := socket.NewPull(socket.WithProperty("X-"+name, "v"))
			s.matches(err, socket.ErrOption)
		}
		pull := s.pull()
		w := s.wireTo(pull, "PUSH", 1, property("X-"+strings.Repeat("n", 253), "v"), property("a.b_c+d-1", "v"))
		w.write(message("good"))
		s.want(pull, "good")
	})

	showWire(t, "WT-39 names are sent in canonical case and matched in any", func(s *stage) {
		dealer := s.dealer()
		w := s.dial(s.bind(dealer))
		w.write(greeting(3, 1))
		w.expect(greeting(3, 1), "\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00")
		router := s.router()
		w = s.dial(s.bind(router))
		w.write(greeting(3, 1), ready(property("SOCKET-TYPE", "DEALER"), property("identity", "me")), message("good"))
		s.want(router, "me", "good")
	})

	showWire(t, "WT-40 octets after the last property are an error", func(s *stage) {
		turnedDown(s, ready(push, "\x00"))
		turnedDown(s, ready(push, "\x01X"))
		turnedDown(s, ready(push, "\x01X\x00\x00\x00\x02v"))
	})

	showWire(t, "WT-41 an empty name is an error", func(s *stage) {
		turnedDown(s, ready(push, property("", "v")))
	})

	showWire(t, "WT-42 a property that comes twice is an error", func(s *stage) {
		turnedDown(s, ready(push, push))
		turnedDown(s, ready(push, property("socket-type", "PULL")))
		turnedDown(s, ready(push, property("Identity", "a"), property("Identity", "b")))
	})

	showWire(t, "WT-43 a peer need not name its socket type, but may name none that does not exist", func(s *stage) {
		pull := s.pull()
		w := s.dial(s.bind(pull))
		w.write(greeting(3, 1), ready(), message("m"))
		s.want(pull, "m")
		turnedDown(s, ready(property("Socket-Type", "")))
	})

	showWire(t, "WT-44 an incompatible peer gets ERROR and is disconnected", func(s *stage) {
		pull := s.pull()
		m := pull.Monitor()
		w := s.dial(s.bind(pull))
		w.hello("PUB", 1)
		w.expect(greeting(3, 1))
		w.ready() // sent without waiting for the peer's
		flags, body := w.frame()
		if flags != 4 || !strings.HasPrefix(body, "\x05ERROR") || !strings.Contains(body, "PUB") {
			s.Fatalf("frame %#x %q, want ERROR with the reason", flags, body)
		}
		s.says(refused(s, m, w), `"PUB"`)
	})

	show(t, "WT-45 applications may add properties that begin with X-", func(s *stage) {
		for _, bad := range [][2]string{{"", "v"}, {"X-", "v"}, {"Key", "v"}, {"X-key", ""}, {"X-" + strings.Repeat("n", 254), "v"}} {
			_, err := socket.NewPush(socket.WithProperty(bad[0], bad[1]))
			s.matches(err, socket.ErrOption)
		}
		pull := s.pull(socket.WithProperty("X-hub", "h"))
		for i := range 3 {
			p := s.push(socket.WithProperty("X-hello", fmt.Sprint("World ", i)), socket.WithProperty("X-bin", "\x00\xff"))
			m := p.Monitor()
			s.star(pull, p)
			s.send(p, "m")
			_, from, err := pull.RecvFrom(s.ctx)
			if err != nil {
				s.Fatal(err)
			}
			hello, _ := from.Property("x-HELLO")
			bin, _ := from.Property("X-bin")
			equal(s, "X-hello", hello, fmt.Sprint("World ", i))
			equal(s, "X-bin", bin, "\x00\xff")
			hub, _ := s.event(m, socket.EventReady).Peer.Property("X-hub")
			equal(s, "X-hub", hub, "h")
			if _, ok := from.Property("X-other"); ok {
				s.Fatal("a property that nobody set")
			}
			drop(p)
			s.until("the peer is gone", func() bool { return pull.Stats().Peers == 0 })
		}
	})

	showWire(t, "WT-46 ours is Socket-Type, Identity, then the rest; the peer's order is free", func(s *stage) {
		req := s.req(socket.WithIdentity([]byte("me")), socket.WithProperty("X-a", "1"), socket.WithProperty("X-b", "2"))
		w := s.dial(s.bind(req))
		w.write(greeting(3, 1))
		w.expect(greeting(3, 1), ready(property("Socket-Type", "REQ"), property("Identity", "me"), property("X-a", "1"), property("X-b", "2")))
		router := s.router()
		w = s.dial(s.bind(router))
		w.write(greeting(3, 1), ready(property("X-b", "2"), property("Identity", "me"), property("Socket-Type", "REQ")), message("", "m"))
		s.want(router, "me", "", "m")
	})

	showWire(t, "WT-47 our metadata is small unless the application adds to it", func(s *stage) {
		for kind, x := range s.all() {
			w := s.dial(s.bind(x))
			w.write(greeting(3, 1))
			w.expect(greeting(3, 1))
			if md := w.ready(); len(md) > 64 {
				s.Fatalf("%s sends %d octets of metadata", kind, len(md))
			}
		}
	})

	show(t, "WT-48 what a peer said of itself comes with its messages", func(s *stage) {
		pull, a, b, c := s.pull(), s.push(), s.push(socket.WithProperty("X-name", "b")), s.push()
		endpoint := s.star(pull, a, b, c)
		for i, p := range []*socket.Push{a, b, c} {
			s.send(p, "m")
			_, from, err := pull.RecvFrom(s.ctx)
			if err != nil {
				s.Fatal(err)
			}
			equal(s, "Socket-Type", from.SocketType, "PUSH")
			equal(s, "endpoint", from.Endpoint, endpoint)
			name, named := from.Property("X-name")
			equal(s, "X-name", name, []string{"", "b", ""}[i])
			equal(s, "named", named, i == 1)
		}
	})

	showWire(t, "WT-52 a Resource property is accepted and ignored", func(s *stage) {
		pull := s.pull()
		w := s.wireTo(pull, "PUSH", 1, property("Resource", "orders/new"))
		w.write(message("good"))
		s.want(pull, "good")
	})
}

func TestRFC37Identity(t *testing.T) {
	showWire(t, "WT-49 an identity has at most 255 octets, the first not zero", func(s *stage) {
		for _, id := range []string{"\x00", "\x00abcd", strings.Repeat("i", 256)} {
			router := s.router()
			m := router.Monitor()
			w := s.dial(s.bind(router))
			w.hello("DEALER", 1, property("Identity", id))
			refused(s, m, w)
		}
		router := s.router()
		longest := strings.Repeat("i", 255)
		w := s.wireTo(router, "DEALER", 1, property("Identity", longest))
		s.send(router, longest, "m")
		w.expect(message("m"))
	})

	showWire(t, "WT-50 an identity means nothing where no ROUTER is", func(s *stage) {
		pull := s.pull()
		for _, body := range []string{"1", "2", "3"} {
			w := s.wireTo(pull, "PUSH", 1, property("Identity", "same"))
			w.write(message(body))
			s.want(pull, body)
		}
	})

	show(t, "WT-51 an identity may hold any octets after the first", func(s *stage) {
		router := s.router()
		ids := []string{"X\x00", "X", "\x01\x00\xff\x00", strings.Repeat("\xff", 255)}
		dealers := make([]*socket.Dealer, len(ids))
		for i, id := range ids {
			dealers[i] = s.dealer(socket.WithIdentity([]byte(id)))
			s.star(router, dealers[i])
		}
		for i, id := range ids {
			s.send(router, id, "to", id)
			s.want(dealers[i], "to", id)
			s.send(dealers[i], "from")
			s.want(router, id, "from")
		}
	})
}
