package socket_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// dropped waits until x gives up the peer on the wire and returns why.
func dropped(s *stage, m *socket.Monitor, w *wire) error {
	s.Helper()
	e := s.event(m, socket.EventDisconnected)
	w.closed()
	return e.Err
}

func TestRFC37Frame(t *testing.T) {
	showWire(t, "WT-22 frames begin with 00 to 03, commands with 04 or 06", func(s *stage) {
		push := s.push()
		w := s.wireTo(push, "PULL", 1)
		long := strings.Repeat("x", 256)
		s.send(push, "a", "b")
		s.send(push, long, long)
		w.expect("\x01\x01a", "\x00\x01b")
		w.expect("\x03\x00\x00\x00\x00\x00\x00\x01\x00", long)
		w.expect("\x02\x00\x00\x00\x00\x00\x00\x01\x00", long)

		for _, octets := range []string{"\x05\x04\x03FOO", "\x07\x00\x00\x00\x00\x00\x00\x00\x04\x03FOO"} {
			pull := s.pull()
			m := pull.Monitor()
			w := s.wireTo(pull, "PUSH", 1)
			w.write(octets)
			s.matches(dropped(s, m, w), socket.ErrProtocol)
		}
	})

	showWire(t, "WT-23 bodies up to 255 octets take the short form, larger ones the long", func(s *stage) {
		push := s.push()
		w := s.wireTo(push, "PULL", 1)
		for _, size := range []int{0, 1, 255, 256, 70000} {
			s.send(push, strings.Repeat("x", size))
		}
		for _, header := range []string{
			"\x00\x00", "\x00\x01", "\x00\xff",
			"\x02\x00\x00\x00\x00\x00\x00\x01\x00", "\x02\x00\x00\x00\x00\x00\x01\x11\x70",
		} {
			w.expect(header)
			size := int(header[1])
			if len(header) > 2 {
				size = int(header[6])<<16 | int(header[7])<<8 | int(header[8])
			}
			w.expect(strings.Repeat("x", size))
		}
	})

	showWire(t, "WT-24 LONG with a small size is accepted and never sent", func(s *stage) {
		pull := s.pull()
		w := s.wireTo(pull, "PUSH", 1)
		w.write("\x02\x00\x00\x00\x00\x00\x00\x00\x05Hello")
		w.write("\x02\x00\x00\x00\x00\x00\x00\x00\x00")
		s.want(pull, "Hello")
		s.want(pull, "")
		push := s.push()
		w = s.wireTo(push, "PULL", 1)
		s.send(push, "")
		w.expect("\x00\x00")
	})

	showWire(t, "WT-25 reserved flags end the connection", func(s *stage) {
		for _, flags := range []string{"\x08", "\x10", "\x20", "\x40", "\x80"} {
			pull := s.pull()
			m := pull.Monitor()
			w := s.wireTo(pull, "PUSH", 1)
			w.write(flags, "\x01x")
			s.matches(dropped(s, m, w), socket.ErrProtocol)
			s.empty(pull)
		}
	})

	showWire(t, "WT-27 the message limit is of all frames together, and ends the connection", func(s *stage) {
		pull := s.pull(socket.WithMaxMessageSize(100))
		m := pull.Monitor()
		w := s.wireTo(pull, "PUSH", 1)
		w.write(message(strings.Repeat("a", 60), strings.Repeat("b", 40)))
		s.want(pull, strings.Repeat("a", 60), strings.Repeat("b", 40))
		w.write(message(strings.Repeat("a", 60), strings.Repeat("b", 41)))
		s.matches(dropped(s, m, w), socket.ErrTooLarge)
		s.empty(pull)
	})

	showWire(t, "WT-28 the message limit does not apply to the handshake", func(s *stage) {
		pull := s.pull(socket.WithMaxMessageSize(1))
		w := s.wireTo(pull, "PUSH", 1, property("X-Long", strings.Repeat("x", 1000)))
		w.write(message("1"))
		s.want(pull, "1")
	})

	showWire(t, "WT-30 commands may stand between the frames of a message", func(s *stage) {
		pull := s.pull()
		w := s.wireTo(pull, "PUSH", 1)
		w.write("\x01\x01a", command("PING", "\x00\x00LOL"), "\x01\x01b", command("PONG", ""), "\x00\x01c")
		w.expect(command("PONG", "LOL"))
		s.want(pull, "a", "b", "c")
	})

	// Not beside others: it counts all that is allocated meanwhile.
	t.Run("WT-29 an announced size is not trusted with memory", func(t *testing.T) {
		s := &stage{T: t, ctx: t.Context(), scheme: "tcp"}
		const announced = 60 << 20 // just below the message limit
		pull := s.pull()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 20 {
			w := s.wireTo(pull, "PUSH", 1)
			w.write(command("PING", "\x00\x00sync"), "\x02\x00\x00\x00\x00\x03\xc0\x00\x00", "x")
			w.expect(command("PONG", "sync"))
		}
		drop(pull)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > announced {
			t.Errorf("allocated %d octets for 20 octets that came", got)
		}
	})
}

func TestRFC37Command(t *testing.T) {
	showWire(t, "WT-31 unknown commands are ignored, malformed ones end the connection", func(s *stage) {
		pull := s.pull()
		m := pull.Monitor()
		w := s.wireTo(pull, "PUSH", 1)
		w.write(command("FOO", "bar"), command("JOIN", "group"), command("X", ""), message("good"))
		s.want(pull, "good")
		w.write("\x04\x02\x05X") // a name of 5 octets in a body of 2
		s.matches(dropped(s, m, w), socket.ErrProtocol)
	})

	showWire(t, "WT-32 SUBSCRIBE and CANCEL are for publishers, others ignore them", func(s *stage) {
		pull, dealer, pair := s.pull(), s.dealer(), s.pair()
		for _, test := range []struct {
			x interface {
				anySocket
				tryReceiver
			}
			peer string
		}{{pull, "PUSH"}, {dealer, "DEALER"}, {pair, "PAIR"}} {
			w := s.wireTo(test.x, test.peer, 1)
			w.write(command("SUBSCRIBE", "A"), command("CANCEL", "A"), message("good"))
			s.want(test.x, "good")
			equal(s, "messages", test.x.Stats().In.Messages, 1)
		}
	})

	showWire(t, "WT-33 a PING without a whole TTL ends the connection", func(s *stage) {
		for _, payload := range []string{"", "\x00"} {
			pull := s.pull()
			m := pull.Monitor()
			w := s.wireTo(pull, "PUSH", 1)
			w.write(command("PING", payload))
			s.matches(dropped(s, m, w), socket.ErrProtocol)
		}
	})

	showWire(t, "WT-34 in the handshake any other command is fatal", func(s *stage) {
		pull := s.pull()
		m := pull.Monitor()
		endpoint := s.bind(pull)
		for _, octets := range []string{
			command("PING", "\x00\x00"), command("SUBSCRIBE", "A"), command("HELLO", ""), command("FOO", ""),
		} {
			w := s.dial(endpoint)
			w.write(greeting(3, 1), octets)
			refused(s, m, w)
		}
	})

	showWire(t, "WT-36 SUBSCRIBE and CANCEL have the right size at the edge of LONG", func(s *stage) {
		sub := s.sub()
		w := s.wireTo(sub, "PUB", 1)
		for _, size := range []int{0, 245, 246, 248, 249, 255, 256} {
			topic := strings.Repeat("t", size)
			if err := sub.Subscribe(topic); err != nil {
				s.Fatal(err)
			}
			w.expect(command("SUBSCRIBE", topic))
			if err := sub.Unsubscribe(topic); err != nil {
				s.Fatal(err)
			}
			w.expect(command("CANCEL", topic))
		}
		// What libzmq 4.3.4 makes of 246 octets, 8 octets of size without LONG,
		// cannot be read: the stream is given up.
		xpub := s.xpub()
		m := xpub.Monitor()
		w = s.wireTo(xpub, "SUB", 1)
		w.write("\x04\x00\x00\x00\x00\x00\x00\x01\x00\x09SUBSCRIBE", strings.Repeat("t", 246))
		s.matches(dropped(s, m, w), socket.ErrProtocol)
		s.empty(xpub)
	})

	showWire(t, "WT-37 the message form has the right size at the edge of LONG", func(s *stage) {
		sub := s.sub()
		w := s.wireTo(sub, "PUB", 0)
		for size, header := range map[int]string{
			254: "\x00\xff", 255: "\x02\x00\x00\x00\x00\x00\x00\x01\x00", 256: "\x02\x00\x00\x00\x00\x00\x00\x01\x01",
		} {
			topic := strings.Repeat("t", size)
			if err := sub.Subscribe(topic); err != nil {
				s.Fatal(err)
			}
			w.expect(header, "\x01", topic)
			if err := sub.Unsubscribe(topic); err != nil {
				s.Fatal(err)
			}
			w.expect(header, "\x00", topic)
		}
	})
}
