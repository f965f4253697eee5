package socket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestRFC49(t *testing.T) {
	show(t, "SG-01 SCATTER sends to its peers in turn, GATHER receives from its peers in turn", func(s *stage) {
		scatter := s.scatter()
		gathers := []*socket.Gather{s.gather(), s.gather(), s.gather()}
		s.star(scatter, gathers[0], gathers[1], gathers[2])
		for i := range 9 {
			s.send(scatter, fmt.Sprint(i))
		}
		for i := range 9 {
			s.want(gathers[i%3], fmt.Sprint(i))
		}
		gather := s.gather()
		scatters := []*socket.Scatter{s.scatter(), s.scatter(), s.scatter()}
		s.star(gather, scatters[0], scatters[1], scatters[2])
		for i, x := range scatters {
			for range 3 {
				s.send(x, fmt.Sprint(i))
			}
		}
		s.arrived(gather, 9)
		for range 3 {
			seen := make(map[string]bool)
			for range 3 {
				seen[s.recv(gather)[0]] = true
			}
			equal(s, "peers in a round", len(seen), 3)
		}
	})

	show(t, "SG-01 SCATTER only sends and GATHER only receives", func(s *stage) {
		if _, ok := any(s.scatter()).(socket.Receiver); ok {
			s.Fatal("SCATTER has Recv")
		}
		if _, ok := any(s.gather()).(socket.Sender); ok {
			s.Fatal("GATHER has Send")
		}
	})

	show(t, "SG-02 without a peer that has room sending waits, and nothing is lost", func(s *stage) {
		scatter := s.scatter(socket.WithSendHWM(1))
		endpoint := s.bind(scatter)
		s.blocked(scatter, "no")
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
		defer cancel()
		s.matches(scatter.Send(ctx, []byte("no")), context.DeadlineExceeded)
		sent := make(chan error, 1)
		go func() { sent <- scatter.Send(s.ctx, []byte("yes")) }()
		gather := s.gather()
		s.connect(gather, endpoint)
		s.want(gather, "yes")
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
	})

	showInproc(t, "SG-02 a full peer is passed over, and when all are full sending waits", func(s *stage) {
		scatter := s.scatter(socket.WithSendHWM(1))
		full, idle := s.gather(socket.WithRecvHWM(1)), s.gather(socket.WithRecvHWM(1))
		s.star(scatter, full, idle)
		equal(s, "room", s.fill(scatter, 100, "m"), 4)
		s.want(idle, "m")
		s.want(idle, "m")
		equal(s, "room", s.fill(scatter, 100, "n"), 2)
		s.want(idle, "n")
		s.want(idle, "n")
		s.want(full, "m")
		s.want(full, "m")
		s.empty(full)
	})
}
