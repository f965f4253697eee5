package socket_test

import (
	"fmt"
	"iter"
	"strconv"
	"testing"
	"time"

	"github.com/brokerless/brokerless/pattern"
	"github.com/brokerless/brokerless/socket"
)

// all yields one socket of every type, under the name it has on the wire.
func (s *stage) all() iter.Seq2[string, anySocket] {
	return func(yield func(string, anySocket) bool) {
		for kind, create := range map[string]func() anySocket{
			"PUSH":   func() anySocket { return s.push(never()) },
			"PULL":   func() anySocket { return s.pull(never()) },
			"PUB":    func() anySocket { return s.pub(never()) },
			"SUB":    func() anySocket { return s.sub(never()) },
			"XPUB":   func() anySocket { return s.xpub(never()) },
			"XSUB":   func() anySocket { return s.xsub(never()) },
			"REQ":    func() anySocket { return s.req(never()) },
			"REP":    func() anySocket { return s.rep(never()) },
			"DEALER": func() anySocket { return s.dealer(never()) },
			"ROUTER": func() anySocket { return s.router(never()) },
			"PAIR":   func() anySocket { return s.pair(never()) },

			"CLIENT":  func() anySocket { return s.client(never()) },
			"SERVER":  func() anySocket { return s.server(never()) },
			"SCATTER": func() anySocket { return s.scatter(never()) },
			"GATHER":  func() anySocket { return s.gather(never()) },
			"PEER":    func() anySocket { return s.peer(never()) },
			"CHANNEL": func() anySocket { return s.channel(never()) },
		} {
			if !yield(kind, create()) {
				return
			}
		}
	}
}

func TestRFC37Null(t *testing.T) {
	push := property("Socket-Type", "PUSH")

	showWire(t, "WT-54 both sides send READY without waiting for the other's", func(s *stage) {
		pull := s.pull()
		w := s.dial(s.bind(pull))
		w.write(greeting(3, 1))
		w.greeted()
		w.write(ready(push))
		s.peers(pull, 1)
		l, endpoint := s.listen()
		s.connect(pull, endpoint)
		w = s.accept(l)
		w.write(greeting(3, 1))
		w.greeted()
		w.write(ready(push))
		s.peers(pull, 2)
	})

	showWire(t, "WT-55 a second READY, an ERROR or a message out of turn is fatal", func(s *stage) {
		for _, octets := range []string{ready(push), command("ERROR", "\x02no")} {
			pull := s.pull()
			m := pull.Monitor()
			w := s.wireTo(pull, "PUSH", 1)
			w.write(octets, message("bad"))
			s.matches(dropped(s, m, w), socket.ErrProtocol)
			s.empty(pull)
		}
		turnedDown(s, message("bad"))
	})

	showWire(t, "WT-56 a READY that is cut short is fatal", func(s *stage) {
		turnedDown(s, ready("\x0bSocket-Type\x00\x00\x00\x05PUSH"))
		turnedDown(s, ready("\x0bSocket"))
		turnedDown(s, ready("\x0bSocket-Type\xff\xff\xff\xffPUSH"))
	})

	showWire(t, "WT-57 after an ERROR the next attempt comes after the longest pause", func(s *stage) {
		l, endpoint := s.listen()
		pull := s.pull(socket.WithRedial(time.Millisecond, time.Hour))
		m := pull.Monitor()
		s.connect(pull, endpoint)
		w := s.accept(l)
		w.write(greeting(3, 1), command("ERROR", "\x07go away"))
		s.says(refused(s, m, w), `"go away"`)
		equal(s, "pause", s.event(m, socket.EventRedial).Delay, time.Hour)
	})

	showWire(t, "WT-58 the reason of an ERROR is told as it came", func(s *stage) {
		for _, reason := range []string{"300", "400", "500", "", "any \x00 text"} {
			pull := s.pull()
			m := pull.Monitor()
			w := s.dial(s.bind(pull))
			w.write(greeting(3, 1), command("ERROR", string([]byte{byte(len(reason))})+reason))
			err := s.event(m, socket.EventHandshakeFailed).Err
			w.closed()
			s.says(err, fmt.Sprintf("%q", reason))
			_, status := strconv.Atoi(reason)
			want := socket.ErrProtocol
			if status == nil {
				want = socket.ErrAuth
			}
			s.matches(err, want)
		}
	})

	showWire(t, "WT-59 a reason longer than its ERROR is malformed", func(s *stage) {
		turnedDown(s, command("ERROR", "\x03no"))
		turnedDown(s, command("ERROR", ""))
	})

	showWire(t, "WT-60 a connection that breaks in the handshake is made again soon", func(s *stage) {
		l, endpoint := s.listen()
		pull := s.pull(socket.WithRedial(time.Millisecond, time.Hour))
		m := pull.Monitor()
		s.connect(pull, endpoint)
		s.accept(l).Close()
		if pause := s.event(m, socket.EventRedial).Delay; pause > time.Second {
			s.Fatalf("pause of %v", pause)
		}
		w := s.accept(l)
		w.write(greeting(3, 1)[:20])
		w.Close()
		w = s.accept(l)
		w.greet("PUSH", 1)
		s.peers(pull, 1)
	})
}

func TestRFC37SocketTypes(t *testing.T) {
	// In process the types are checked like everywhere else (WT-89).
	show(t, "WT-88 only the types that belong together meet", func(s *stage) {
		for a, x := range s.all() {
			endpoint := s.bind(x)
			for b, y := range s.all() {
				m := y.Monitor()
				s.connect(y, endpoint)
				met := socket.EventKind(0)
				for met != socket.EventReady && met != socket.EventHandshakeFailed {
					e, err := m.Next(s.ctx)
					if err != nil {
						s.Fatal(err)
					}
					met = e.Kind
				}
				if pattern.Compatible(a, b) && met != socket.EventReady {
					s.Errorf("%s and %s: %v", a, b, met)
				}
				if !pattern.Compatible(a, b) && met == socket.EventReady {
					s.Errorf("%s and %s met", a, b)
				}
				drop(y)
				s.until("the peer is gone", func() bool { return x.Stats().Peers == 0 })
			}
		}
	})
}
