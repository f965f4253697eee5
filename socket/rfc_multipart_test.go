package socket_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC37Multipart(t *testing.T) {
	showWire(t, "WT-103 a message is there when its last frame is", func(s *stage) {
		pull := s.pull()
		a, b := s.wireTo(pull, "PUSH", 1), s.wireTo(pull, "PUSH", 1)
		a.write("\x01\x01a", "\x01\x01b")
		a.ping()
		s.empty(pull)
		b.write(message("x", "y"))
		s.want(pull, "x", "y")
		s.empty(pull)
		a.write("\x00\x01c")
		s.want(pull, "a", "b", "c")
	})

	showWire(t, "WT-104 a message that is cut off is not delivered, and sent again from its start", func(s *stage) {
		pull := s.pull()
		m := pull.Monitor()
		w := s.wireTo(pull, "PUSH", 1)
		w.write(message("whole"), "\x01\x01a", "\x02\x00\x00\x00\x00\x00\x01\x00\x00", strings.Repeat("b", 60000))
		w.Close()
		s.event(m, socket.EventDisconnected)
		s.want(pull, "whole")
		s.empty(pull)
		s.wireTo(pull, "PUSH", 1).write(message("next"))
		s.want(pull, "next")

		l, endpoint := s.listen()
		push := s.push(quick())
		s.connect(push, endpoint)
		long := strings.Repeat("b", 8<<20) // more than the operating system takes
		s.send(push, "a", long)
		w = s.accept(l)
		w.greet("PULL", 1)
		w.expect("\x01\x01a")
		w.Close()
		w = s.accept(l)
		w.greet("PULL", 1)
		w.expect("\x01\x01a", "\x02\x00\x00\x00\x00\x00\x80\x00\x00", long)
	})

	show(t, "WT-105 the frames of a message stay together whoever else sends", func(s *stage) {
		const senders, each = 4, 200
		pull, push := s.pull(), s.push()
		s.star(pull, push)
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				for j := range each {
					tag := fmt.Sprintf("%d-%d", i, j)
					s.send(push, tag, tag, tag)
				}
			})
		}
		for range senders * each {
			m := s.recv(pull)
			if len(m) != 3 || m[0] != m[1] || m[1] != m[2] {
				s.Fatalf("received %q", m)
			}
		}
		wg.Wait()
	})

	show(t, "WT-106 high-water marks count messages, not frames", func(s *stage) {
		push := s.push(socket.WithSendHWM(3))
		s.connect(push, s.nowhere())
		equal(s, "messages taken", s.fill(push, 10, "a", "b", "c", "d"), 3)
	})

	show(t, "WT-107 each message comes once, in the order of its sender", func(s *stage) {
		const senders, each = 3, 500
		pull := s.pull()
		pushes := []*socket.Push{s.push(), s.push(), s.push()}
		s.star(pull, pushes[0], pushes[1], pushes[2])
		for i, p := range pushes {
			go func() {
				for j := range each {
					p.Send(s.ctx, []byte{byte(i)}, fmt.Append(nil, j))
				}
			}()
		}
		var next [senders]int
		for range senders * each {
			m := s.recv(pull)
			i := m[0][0]
			equal(s, "next of its sender", m[1], fmt.Sprint(next[i]))
			next[i]++
		}
		s.empty(pull)
	})
}
