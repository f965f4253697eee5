package socket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC30(t *testing.T) {
	show(t, "PP-01 PUSH only sends and PULL only receives", func(s *stage) {
		push, pull := s.push(), s.pull()
		if _, ok := any(push).(socket.Receiver); ok {
			s.Fatal("PUSH has Recv")
		}
		if _, ok := any(pull).(socket.Sender); ok {
			s.Fatal("PULL has Send")
		}
		s.star(pull, push)
		s.send(push, "m")
		s.want(pull, "m")
	})

	show(t, "PP-02 messages go to the peers in turn", func(s *stage) {
		push := s.push()
		pulls := []*socket.Pull{s.pull(), s.pull(), s.pull()}
		s.star(push, pulls[0], pulls[1], pulls[2])
		for i := range 30 {
			s.send(push, fmt.Sprint(i))
		}
		for i := range 30 {
			s.want(pulls[i%3], fmt.Sprint(i))
		}
		for _, p := range pulls {
			s.empty(p)
		}
	})

	show(t, "PP-03 without a peer that has room sending waits, and nothing is lost", func(s *stage) {
		push := s.push(socket.WithSendHWM(1))
		endpoint := s.bind(push)
		s.blocked(push, "no")
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
		defer cancel()
		s.matches(push.Send(ctx, []byte("no")), context.DeadlineExceeded)
		sent := make(chan error, 1)
		go func() { sent <- push.Send(s.ctx, []byte("yes")) }()
		pull := s.pull()
		s.connect(pull, endpoint)
		s.want(pull, "yes")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
	})

	show(t, "PP-05 a message comes whole or not at all when a peer leaves", func(s *stage) {
		push := s.push()
		m := push.Monitor()
		endpoint := s.bind(push)
		tail := strings.Repeat("x", 4<<20)
		for round := range 3 {
			pull := s.pull()
			s.connect(pull, endpoint)
			s.send(push, "head", fmt.Sprint(round), tail)
			if round == 1 { // leaves while it is on its way
				drop(pull)
			} else {
				s.want(pull, "head", fmt.Sprint(round), tail)
				drop(pull)
			}
			s.event(m, socket.EventDisconnected)
		}
	})

	show(t, "PP-06 an endpoint that is not connected counts as a peer, except with WithImmediate", func(s *stage) {
		for _, immediate := range []bool{false, true} {
			opts := []socket.PushOption{never()}
			if immediate {
				opts = append(opts, socket.WithImmediate())
			}
			push, pull := s.push(opts...), s.pull()
			s.connect(push, s.nowhere())
			s.connect(push, s.bind(pull))
			s.peers(push, 1)
			s.peers(pull, 1)
			for i := range 10 {
				s.send(push, fmt.Sprint(i))
			}
			step := 2
			if immediate {
				step = 1
			}
			first := 10 - step*(10/step) + step - 1
			for i := first; i < 10; i += step {
				s.want(pull, fmt.Sprint(i))
			}
			s.empty(pull)
		}
	})

	show(t, "PP-07 after Unbind or Disconnect there is nobody to send to", func(s *stage) {
		push, pull := s.push(), s.pull()
		endpoint := s.star(push, pull)
		if err := push.Unbind(endpoint); err != nil {
			s.Fatal(err)
		}
		s.blocked(push, "m")
		connecting, other := s.push(), s.pull()
		endpoint = s.star(other, connecting)
		if err := connecting.Disconnect(endpoint); err != nil {
			s.Fatal(err)
		}
		s.blocked(connecting, "m")
	})

	show(t, "PP-08 what is queued for an accepted peer goes with it", func(s *stage) {
		push, gone, heir := s.push(), s.pull(socket.WithRecvHWM(1)), s.pull()
		endpoint := s.star(push, gone)
		m := push.Monitor()
		body := strings.Repeat("x", 1<<20)
		for range 50 {
			s.send(push, body)
		}
		drop(gone)
		s.event(m, socket.EventDisconnected)
		s.connect(heir, endpoint)
		s.peers(heir, 1)
		s.send(push, "for the heir")
		s.want(heir, "for the heir")
		s.empty(heir)
		// In process the peer had them all.
		if n := push.Stats().Out.Dropped[socket.DropPeerGone] + gone.Stats().In.Dropped[socket.DropClosed]; n == 0 {
			s.Fatal("nothing is counted as dropped")
		}
	})
}

func TestRFC31(t *testing.T) {
	show(t, "EX-01 a PAIR has one peer, others are refused", func(s *stage) {
		a, b, c := s.pair(), s.pair(), s.pair(never())
		m := a.Monitor()
		endpoint := s.star(a, b)
		s.connect(c, endpoint)
		s.matches(s.event(m, socket.EventHandshakeFailed).Err, socket.ErrProtocol)
		s.send(a, "m")
		s.want(b, "m")
		s.send(b, "m")
		s.want(a, "m")
		s.empty(c)
		equal(s, "peers", a.Stats().Peers, 1)
	})

	show(t, "EX-02 without a peer, or with a full one, sending waits", func(s *stage) {
		a := s.pair(socket.WithSendHWM(3))
		endpoint := s.bind(a)
		s.blocked(a, "m")
		b := s.pair()
		s.connect(b, s.nowhere())
		equal(s, "taken", s.fill(b, 5000, "m"), 1000)
		c := s.pair()
		s.connect(c, endpoint)
		s.send(a, "m")
		s.want(c, "m")
	})

	show(t, "EX-03 when the peer has gone another may come, and gets nothing of the first", func(s *stage) {
		a := s.pair()
		m := a.Monitor()
		endpoint := s.bind(a)
		for i := range 3 {
			b := s.pair()
			s.connect(b, endpoint)
			s.send(a, fmt.Sprint(i))
			s.want(b, fmt.Sprint(i))
			s.send(b, fmt.Sprint(i))
			s.want(a, fmt.Sprint(i))
			s.empty(b)
			drop(b)
			s.event(m, socket.EventDisconnected)
		}
	})

	show(t, "EX-04 both sides send in any order, messages of any shape", func(s *stage) {
		a, b := s.pair(), s.pair()
		s.star(a, b)
		for i := range 10 {
			s.send(a, "a", "", fmt.Sprint(i))
			s.send(b, "b", fmt.Sprint(i), "")
			s.send(b, "")
		}
		for i := range 10 {
			s.want(b, "a", "", fmt.Sprint(i))
			s.want(a, "b", fmt.Sprint(i), "")
			s.want(a, "")
		}
	})

	show(t, "EX-05 the connecting side connects again, over every transport", func(s *stage) {
		b := s.pair(quick())
		m := b.Monitor()
		endpoint := s.nowhere()
		s.connect(b, endpoint)
		for i := range 3 {
			a := s.pair()
			s.bindAt(a, endpoint)
			s.send(b, fmt.Sprint(i))
			s.want(a, fmt.Sprint(i))
			drop(a)
			s.event(m, socket.EventDisconnected)
		}
	})
}
