package socket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// reply receives a request at a ROUTER and sends what it says back to where
// it came from: the envelope of the request and then frames.
func (s *stage) reply(router *socket.Router, frames ...string) {
	s.Helper()
	m := s.recv(router)
	for i, f := range m {
		if i > 0 && f == "" {
			s.send(router, append(m[:i+1:i+1], frames...)...)
			return
		}
	}
	s.Fatalf("request %q without a delimiter", m)
}

// expired fails the rule unless nothing comes within a moment.
func (s *stage) expired(x socket.Receiver) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
	defer cancel()
	if m, err := x.Recv(ctx); !errors.Is(err, context.DeadlineExceeded) {
		s.Fatalf("received %v, %v, want nothing", m, err)
	}
}

func TestRFC28Req(t *testing.T) {
	show(t, "RR-01 peers are REP and ROUTER, any number", func(s *stage) {
		req, rep1, router, rep2 := s.req(), s.rep(), s.router(), s.rep()
		s.star(req, rep1, router, rep2)
		for round := range 2 {
			body := fmt.Sprint(round)
			s.send(req, body)
			s.want(rep1, body)
			s.send(rep1, "rep1")
			s.want(req, "rep1")
			s.send(req, body)
			s.reply(router, "router")
			s.want(req, "router")
			s.send(req, body)
			s.want(rep2, body)
			s.send(rep2, "rep2")
			s.want(req, "rep2")
		}
	})

	show(t, "RR-02 sending and receiving take turns", func(s *stage) {
		req, rep := s.req(), s.rep()
		s.star(rep, req)
		for range 3 {
			_, err := req.TryRecv()
			s.matches(err, socket.ErrState)
			_, err = req.Recv(s.ctx)
			s.matches(err, socket.ErrState)
			s.send(req, "ask")
			s.matches(req.TrySend([]byte("again")), socket.ErrState)
			s.matches(req.Send(s.ctx, []byte("again")), socket.ErrState)
			s.want(rep, "ask")
			s.send(rep, "answer")
			s.want(req, "answer")
		}
	})

	show(t, "RR-03 an empty frame goes before the request and is taken off the reply", func(s *stage) {
		req, router := s.req(socket.WithIdentity([]byte("me"))), s.router()
		s.star(router, req)
		s.send(req, "a", "", "b")
		s.want(router, "me", "", "a", "", "b")
		s.send(router, "me", "", "x", "", "y")
		s.want(req, "x", "", "y")
	})

	showWire(t, "RR-03 the octets of a request", func(s *stage) {
		req := s.req()
		w := s.wireTo(req, "REP", 1)
		s.send(req, "Hello")
		w.expect("\x01\x00\x00\x05Hello")
		w.write("\x01\x00\x00\x05World")
		s.want(req, "World")
	})

	show(t, "RR-04 requests go to the peers in turn", func(s *stage) {
		req := s.req()
		reps := []*socket.Rep{s.rep(), s.rep(), s.rep(), s.rep(), s.rep()}
		s.star(req, reps[0], reps[1], reps[2], reps[3], reps[4])
		for i := range 15 {
			s.send(req, "ask")
			s.want(reps[i%5], "ask")
			s.send(reps[i%5], "answer")
			s.want(req, "answer")
		}
	})

	show(t, "RR-05 without a peer nothing is sent and nothing is lost", func(s *stage) {
		req := s.req()
		endpoint := s.bind(req)
		s.blocked(req, "no")
		ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
		defer cancel()
		s.matches(req.Send(ctx, []byte("no")), context.DeadlineExceeded)
		rep := s.rep()
		s.connect(rep, endpoint)
		s.send(req, "yes")
		s.want(rep, "yes")
	})

	// Both rules with one cast: what the wrong peer says is not even the reply
	// to the next request.
	show(t, "RR-06 only the peer that got the request can reply; RR-07 others are discarded", func(s *stage) {
		req := s.req(socket.WithIdentity([]byte("me")))
		a, b, c := s.router(), s.router(), s.router()
		s.star(req, a, b, c)
		s.send(req, "ask")
		s.send(b, "me", "", "forged")
		s.send(c, "me", "", "forged")
		s.arrived(req, 2)
		s.reply(a, "right")
		s.want(req, "right")
		s.send(req, "ask")
		s.reply(b, "second")
		s.want(req, "second")
		equal(s, "stale", req.Stats().In.Dropped[socket.DropStale], 2)
	})

	show(t, "RR-08 a reply without the empty frame is skipped", func(s *stage) {
		req, router := s.req(socket.WithIdentity([]byte("me"))), s.router()
		s.star(router, req)
		s.send(req, "ask")
		s.send(router, "me", "bare")
		s.send(router, "me", "not", "", "first")
		s.send(router, "me", "", "right")
		s.want(req, "right")
		equal(s, "stale", req.Stats().In.Dropped[socket.DropStale], 2)
	})

	show(t, "RR-09 an envelope alone is no reply; RR-10 and no reason to leave", func(s *stage) {
		req, router := s.req(socket.WithIdentity([]byte("me"))), s.router()
		s.star(router, req)
		s.send(req, "ask")
		s.send(router, "me")
		s.send(router, "me", "")
		s.send(router, "me", "", "right")
		s.want(req, "right")
		equal(s, "connections lost", req.Stats().Lost, 0)
	})

	show(t, "RR-11 WithCorrelate puts an id before the empty frame and accepts no other", func(s *stage) {
		req, router := s.req(socket.WithCorrelate(), socket.WithIdentity([]byte("me"))), s.router()
		s.star(router, req)
		var last uint32
		for i := range 3 {
			s.send(req, "ask")
			m := s.recv(router)
			if len(m) != 4 || len(m[1]) != 4 || m[2] != "" || m[3] != "ask" {
				s.Fatalf("request %q", m)
			}
			id := binary.BigEndian.Uint32([]byte(m[1]))
			if i > 0 && id != last+1 {
				s.Fatalf("id %d after %d", id, last)
			}
			last = id
			other := string(binary.BigEndian.AppendUint32(nil, id+1))
			s.send(router, "me", other, "", "wrong id")
			s.send(router, "me", "", "no id")
			s.send(router, "me", m[1], "no delimiter")
			s.send(router, "me", m[1], "", "right")
			s.want(req, "right")
		}
	})

	show(t, "RR-12 WithRelaxed gives up a request for the next, and its reply with it", func(s *stage) {
		req := s.req(socket.WithRelaxed(), socket.WithCorrelate())
		a, b := s.rep(), s.rep()
		s.star(req, a, b)
		s.send(req, "1")
		s.want(a, "1")
		s.send(a, "late")
		s.arrived(req, 1) // even a reply that is there already
		s.send(req, "2")
		s.want(b, "2")
		s.send(b, "right")
		s.want(req, "right")
		s.send(req, "3")
		s.want(a, "3")
		s.send(req, "4")
		s.send(a, "late")
		s.want(b, "4")
		s.send(b, "right")
		s.want(req, "right")
	})

	show(t, "RR-13 a request given up leaves its connection alone", func(s *stage) {
		req := s.req(socket.WithRelaxed(), socket.WithCorrelate())
		reps := []*socket.Rep{s.rep(), s.rep(), s.rep()}
		s.star(req, reps[0], reps[1], reps[2])
		for i := range 9 {
			s.send(req, fmt.Sprint(i))
			s.want(reps[i%3], fmt.Sprint(i))
			s.send(reps[i%3], "too late")
		}
		equal(s, "connections lost", req.Stats().Lost, 0)
	})

	show(t, "RR-14 a peer that dies leaves the request waiting", func(s *stage) {
		req, a, b := s.req(), s.rep(), s.rep()
		m := req.Monitor()
		s.star(req, a, b)
		s.send(req, "ask")
		s.want(a, "ask")
		drop(a)
		s.event(m, socket.EventDisconnected)
		s.expired(req)
		s.matches(req.TrySend([]byte("again")), socket.ErrState)
		s.empty(b)
	})

	show(t, "RR-15 what can be done now is told by the Try methods", func(s *stage) {
		req, rep := s.req(), s.rep()
		s.bind(req)
		s.blocked(req, "no peer")
		_, err := req.TryRecv()
		s.matches(err, socket.ErrState)
		s.star(req, rep)
		if err := req.TrySend([]byte("ask")); err != nil {
			s.Fatal(err)
		}
		s.empty(req)
		s.matches(req.TrySend([]byte("again")), socket.ErrState)
	})
}
