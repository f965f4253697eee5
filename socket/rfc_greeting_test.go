package socket_test

import (
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// refused returns why x turned down what the wire did, and waits until the
// connection is closed.
func refused(s *stage, m *socket.Monitor, w *wire) error {
	s.Helper()
	e := s.event(m, socket.EventHandshakeFailed)
	s.matches(e.Err, socket.ErrProtocol)
	w.closed()
	return e.Err
}

func TestRFC37Greeting(t *testing.T) {
	showWire(t, "WT-03 11 octets tell the version", func(s *stage) {
		x := s.pull()
		m := x.Monitor()
		w := s.dial(s.bind(x))
		w.write(signature, "\x01")
		s.says(refused(s, m, w), "ZMTP 2.0")
	})

	showWire(t, "WT-04 the whole greeting is sent even to a peer that is refused", func(s *stage) {
		x := s.pull()
		m := x.Monitor()
		w := s.dial(s.bind(x))
		w.write(strings.Replace(greeting(3, 1), "NULL\x00", "PLAIN", 1))
		w.expect(greeting(3, 1))
		s.says(refused(s, m, w), "PLAIN")
	})

	showWire(t, "WT-05 the padding of the signature is not looked at", func(s *stage) {
		x := s.pull()
		endpoint := s.bind(x)
		paddings := []string{
			"\x00\x00\x00\x00\x00\x00\x00\x01", // libzmq without an identity
			"\x00\x00\x00\x00\x00\x00\x00\x06", // libzmq with one of 5 octets
			"\x00\x00\x00\x00\x00\x00\x00\x00", // the RFC
			"anything",
		}
		for i, padding := range paddings {
			w := s.dial(endpoint)
			w.write("\xff", padding, greeting(3, 1)[9:], ready(property("Socket-Type", "PUSH")))
			w.greeted()
			s.peers(x, i+1)
		}
	})

	showWire(t, "WT-06 a greeting may come step by step, as libzmq sends it", func(s *stage) {
		x := s.pull()
		w := s.dial(s.bind(x))
		ours := greeting(3, 1)
		w.write(ours[:10])
		w.expect(ours[:10])
		w.write(ours[10:11])
		w.expect(ours[10:11])
		w.write(ours[11:])
		w.expect(ours[11:])
		w.ready()
		w.write(ready(property("Socket-Type", "PUSH")))
		s.peers(x, 1)
	})

	showWire(t, "WT-07 both sides send their greeting without waiting", func(s *stage) {
		x := s.pull()
		s.dial(s.bind(x)).expect(greeting(3, 1))
		l, endpoint := s.listen()
		s.connect(x, endpoint)
		s.accept(l).expect(greeting(3, 1))
	})

	showWire(t, "WT-08 the as-server bit of the peer does not matter to NULL", func(s *stage) {
		x := s.pull()
		w := s.dial(s.bind(x))
		g := greeting(3, 1)
		w.write(g[:32], "\x01", g[33:], ready(property("Socket-Type", "PUSH")))
		w.greeted()
		s.peers(x, 1)
	})

	showWire(t, "WT-09 the mechanism is compared over all 20 octets", func(s *stage) {
		x := s.pull()
		m := x.Monitor()
		endpoint := s.bind(x)
		for _, mechanism := range []string{"NULLX", "NUL", "NULL\x00X", "null", "PLAIN", "CURVE", "NULL" + strings.Repeat("\x00", 15) + "X"} {
			w := s.dial(endpoint)
			field := mechanism + strings.Repeat("\x00", 20-len(mechanism))
			w.write(strings.Replace(greeting(3, 1), nullOctets, field, 1))
			refused(s, m, w)
		}
		equal(s, "refused", x.Stats().Refused, 7)
	})

	showWire(t, "WT-10 our as-server octet is zero", func(s *stage) {
		x := s.pull()
		equal(s, "octet 32", s.dial(s.bind(x)).read(64)[32], 0)
	})

	showWire(t, "WT-11 higher versions are accepted and are spoken to in ours", func(s *stage) {
		x := s.sub()
		if err := x.Subscribe("A"); err != nil {
			s.Fatal(err)
		}
		endpoint := s.bind(x)
		for i, v := range [][2]byte{{3, 2}, {4, 0}, {255, 255}} {
			w := s.dial(endpoint)
			w.write(greeting(v[0], v[1]), ready(property("Socket-Type", "PUB")))
			w.greeted()
			s.peers(x, i+1)
			w.expect(command("SUBSCRIBE", "A"))
		}
	})

	showWire(t, "WT-12 the filler is not looked at", func(s *stage) {
		x := s.pull()
		w := s.dial(s.bind(x))
		w.write(greeting(3, 1)[:33], strings.Repeat("\xaa", 31), ready(property("Socket-Type", "PUSH")))
		w.greeted()
		s.peers(x, 1)
	})
}

func TestRFC37Downgrade(t *testing.T) {
	showWire(t, "WT-13 revisions 1 and 2 are ZMTP 2.0, and refused", func(s *stage) {
		x := s.pull()
		m := x.Monitor()
		endpoint := s.bind(x)
		for _, revision := range []string{"\x01", "\x02"} {
			w := s.dial(endpoint)
			w.write(signature, revision, "\x08")
			s.says(refused(s, m, w), "ZMTP 2.0")
		}
	})

	showWire(t, "WT-18 what an old peer injects is not delivered", func(s *stage) {
		x := s.pull()
		m := x.Monitor()
		endpoint := s.bind(x)
		w := s.dial(endpoint)
		w.write("\x01\x00", "\x08\x00sneaky\x00")
		s.says(refused(s, m, w), "ZMTP 1.0")
		good := s.dial(endpoint)
		good.greet("PUSH", 1)
		good.write(message("good"))
		s.want(x, "good")
		equal(s, "messages", x.Stats().In.Messages, 1)
	})

	showWire(t, "WT-21 every peer below 3.0 is closed, and told apart from other protocols", func(s *stage) {
		x := s.pull()
		m := x.Monitor()
		endpoint := s.bind(x)
		tests := []struct{ octets, reason string }{
			{"\x01\x00", "ZMTP 1.0"},                                 // unversioned
			{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x00", "ZMTP 1.0"}, // bit 0 of octet 9
			{signature + "\x00", "ZMTP 1.0"},
			{signature + "\x01", "ZMTP 2.0"},
			{signature + "\x02", "ZMTP 2.0"},
			{"GET / HTTP/1.1\r\n\r\n", "malformed greeting"},
			{"SSH-2.0-x\r\n", "malformed greeting"},
			{"\x16\x03\x01\x02\x00", "malformed greeting"}, // TLS
		}
		for _, test := range tests {
			w := s.dial(endpoint)
			w.write(test.octets)
			s.says(refused(s, m, w), test.reason)
		}
		equal(s, "peers", x.Stats().Peers, 0)
	})
}
