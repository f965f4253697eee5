package socket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestRFCHighWaterMark(t *testing.T) {
	show(t, "HW-01 the mark is 1000 messages for each connection, 0 is none", func(s *stage) {
		push := s.push()
		s.connect(push, s.nowhere())
		equal(s, "messages for one peer", s.fill(push, 2000, "m"), 1000)
		push = s.push()
		s.connect(push, s.nowhere(), s.nowhere(), s.nowhere())
		equal(s, "messages for three peers", s.fill(push, 5000, "m"), 3000)
		push = s.push(socket.WithSendHWM(0))
		s.connect(push, s.nowhere())
		equal(s, "messages without a mark", s.fill(push, 10000, "m"), 10000)
	})

	showInproc(t, "HW-02 in process the marks of both sides add up", func(s *stage) {
		tests := []struct{ send, recv, want int }{
			{1000, 1000, 2000}, {1, 1, 2}, {5, 1, 6}, {1, 5, 6}, {0, 1, 10000}, {1, 0, 10000}, {0, 0, 10000},
		}
		for _, test := range tests {
			pull, push := s.pull(socket.WithRecvHWM(test.recv)), s.push(socket.WithSendHWM(test.send))
			s.star(pull, push)
			s.until("both sides have met", func() bool { return pull.Stats().Peers == 1 && push.Stats().Peers == 1 })
			for i := range test.want {
				s.send(push, fmt.Sprint(i))
			}
			if test.want < 10000 {
				s.blocked(push, "too many")
			}
			for i := range test.want {
				s.want(pull, fmt.Sprint(i))
			}
			s.empty(pull)
			s.send(push, "one more")
			s.want(pull, "one more")
		}
	})

	showInproc(t, "HW-02 queued before the bind, the marks add up too", func(s *stage) {
		push := s.push(socket.WithSendHWM(2))
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		equal(s, "messages before", s.fill(push, 10, "m"), 2)
		pull := s.pull(socket.WithRecvHWM(2))
		s.bindAt(pull, endpoint)
		s.peers(pull, 1)
		s.peers(push, 1)
		s.send(push, "m") // waits until both marks are in force
		s.send(push, "m")
		s.blocked(push, "too many")
		for range 4 {
			s.want(pull, "m")
		}
	})

	showWire(t, "HW-03 over the wire the queues of both sides and the system's add up", func(s *stage) {
		pull, push := s.pull(socket.WithRecvHWM(10)), s.push(socket.WithSendHWM(10))
		s.star(pull, push)
		for i := range 20 {
			s.send(push, fmt.Sprint(i))
		}
		for i := range 20 {
			s.want(pull, fmt.Sprint(i))
		}
	})

	showInproc(t, "HW-04 a full sender goes on when its queue is half empty", func(s *stage) {
		pull, push := s.pull(socket.WithRecvHWM(10)), s.push(socket.WithSendHWM(10))
		s.star(pull, push)
		for range 20 {
			s.send(push, "m")
		}
		s.blocked(push, "m")
		for range 9 {
			s.want(pull, "m")
		}
		s.blocked(push, "m")
		for range 11 {
			s.want(pull, "m")
		}
		equal(s, "messages taken again", s.fill(push, 100, "m"), 20)
	})

	show(t, "HW-06 a message larger than the mark in octets is taken whole by an empty queue", func(s *stage) {
		push := s.push(socket.WithSendHWMBytes(10))
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		body := strings.Repeat("x", 1000)
		equal(s, "messages taken", s.fill(push, 5, body, body, body), 1)
		pull := s.pull(socket.WithRecvHWMBytes(10))
		s.bindAt(pull, endpoint)
		s.want(pull, body, body, body)
	})

	show(t, "HW-07 a conflating sender keeps the newest message, of one frame", func(s *stage) {
		push := s.push(socket.WithConflate())
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		for i := range 20 {
			s.send(push, fmt.Sprint(i))
		}
		s.matches(push.Send(s.ctx, []byte("a"), []byte("b")), socket.ErrMessage)
		pull := s.pull()
		s.bindAt(pull, endpoint)
		s.want(pull, "19")
		s.empty(pull)
		equal(s, "conflated", push.Stats().Out.Dropped[socket.DropConflated], 19)
		in := pull.Stats().In
		equal(s, "received", in.Messages, 1)
		equal(s, "dropped", in.Dropped.Total(), 0)
	})

	show(t, "HW-07 a conflating receiver keeps the newest message", func(s *stage) {
		pull, push := s.pull(socket.WithConflate()), s.push()
		s.star(pull, push)
		for i := range 20 {
			s.send(push, fmt.Sprint(i))
		}
		s.until("all are there", func() bool { return pull.Stats().In.Messages == 20 })
		s.want(pull, "19")
		s.empty(pull)
		equal(s, "conflated", pull.Stats().In.Dropped[socket.DropConflated], 19)
	})

	showInproc(t, "HW-07 a conflating receiver keeps the newest of what was queued before", func(s *stage) {
		push := s.push()
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		for i := range 900 {
			s.send(push, strings.Repeat(fmt.Sprint(i), 200)) // over several buffers
		}
		pull := s.pull(socket.WithConflate())
		s.bindAt(pull, endpoint)
		s.peers(push, 1)
		s.want(pull, strings.Repeat("899", 200))
		s.empty(pull)
		in, out := pull.Stats().In, push.Stats().Out
		equal(s, "conflated", in.Dropped[socket.DropConflated], 899)
		equal(s, "received", in.Messages, 900)
		equal(s, "sent", out.Messages, out.Delivered+out.Dropped.Total()+uint64(out.Queued))
	})

	show(t, "HW-07 a conflating SUB loses no subscription", func(s *stage) {
		xpub, sub := s.xpub(), s.sub(socket.WithConflate())
		s.subscribe(sub, "A", "B", "C")
		s.star(xpub, sub)
		for _, notice := range []string{"\x01A", "\x01B", "\x01C"} {
			s.want(xpub, notice)
		}
	})

	show(t, "HW-08 a connected endpoint queues at once, a bound one from the handshake on", func(s *stage) {
		bound := s.push()
		endpoint := s.bind(bound)
		s.blocked(bound, "m")
		pull := s.pull()
		s.connect(pull, endpoint)
		s.send(bound, "m")
		s.want(pull, "m")

		push := s.push(quick())
		endpoint = s.nowhere()
		s.connect(push, endpoint)
		for i := range 3 {
			s.send(push, fmt.Sprint(i))
		}
		immediate := s.push(socket.WithImmediate(), quick())
		s.connect(immediate, endpoint)
		s.blocked(immediate, "m")
		late := s.pull()
		s.bindAt(late, endpoint)
		for i := range 3 {
			s.want(late, fmt.Sprint(i))
		}
		s.send(immediate, "now")
		s.want(late, "now")
	})
}
