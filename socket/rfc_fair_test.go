package socket_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// A crowd is three peers of a socket that all have said something before it
// listens: whose turn it is then depends on nothing but the socket.
type crowd struct {
	senders []socket.Sender
	wires   []*wire
}

// crowd connects three peers of a type to hub.
func (s *stage) crowd(hub anySocket, kind string) *crowd {
	s.Helper()
	c := &crowd{}
	endpoint := s.bind(hub)
	for i := range 3 {
		if s.scheme != "inproc" {
			w := s.dial(endpoint)
			w.greet(kind, 1)
			c.wires = append(c.wires, w)
			s.peers(hub, i+1)
			continue
		}
		switch kind {
		case "DEALER":
			x := s.dealer()
			c.senders = append(c.senders, x)
			s.connect(x, endpoint)
		case "PUSH":
			x := s.push()
			c.senders = append(c.senders, x)
			s.connect(x, endpoint)
		case "PUB":
			x := s.pub()
			c.senders = append(c.senders, x)
			s.connect(x, endpoint)
			s.subscribers(x, "", 1)
		}
		s.peers(hub, i+1)
	}
	return c
}

// say has each of the crowd send n messages that end in its number. When it
// returns, the hub has them.
func (c *crowd) say(s *stage, n int, frames ...string) {
	s.Helper()
	for i := range 3 {
		m := slices.Concat(frames, []string{fmt.Sprint(i)})
		for range n {
			if c.wires == nil {
				s.send(c.senders[i], m...)
			} else {
				c.wires[i].write(message(m...))
			}
		}
	}
	for range 2 { // the second answer comes after all of the first reading has been dealt with
		for _, w := range c.wires {
			w.skipTo(command("PONG", "sync"))
		}
	}
}

// skipTo asks for a sign of life and reads over what comes before it.
func (w *wire) skipTo(pong string) {
	w.s.Helper()
	w.write(command("PING", "\x00\x00sync"))
	for {
		flags, body := w.frame()
		if flags == 4 && body == pong[2:] {
			return
		}
	}
}

// round receives one message of each of the crowd, in any order.
func (s *stage) round(x socket.Receiver) {
	s.Helper()
	seen := map[string]bool{}
	for range 3 {
		m := s.recv(x)
		seen[m[len(m)-1]] = true
	}
	equal(s, "peers in a round", len(seen), 3)
}

func TestRFCFairQueue(t *testing.T) {
	show(t, "RR-21 REP takes requests from its peers in turn", func(s *stage) {
		rep := s.rep()
		s.crowd(rep, "DEALER").say(s, 4, "")
		for range 4 {
			seen := map[string]bool{}
			for range 3 {
				seen[s.recv(rep)[0]] = true
				s.send(rep, "answer")
			}
			equal(s, "peers in a round", len(seen), 3)
		}
	})

	show(t, "RR-34 DEALER receives from its peers in turn, whole messages", func(s *stage) {
		dealer := s.dealer()
		s.crowd(dealer, "DEALER").say(s, 4, "a", "b")
		for range 4 {
			s.round(dealer)
		}
	})

	show(t, "RR-51 ROUTER receives from its peers in turn", func(s *stage) {
		router := s.router()
		s.crowd(router, "DEALER").say(s, 4, "a")
		for range 4 {
			s.round(router)
		}
	})

	show(t, "PP-04 PULL receives from its peers in turn", func(s *stage) {
		pull := s.pull()
		s.crowd(pull, "PUSH").say(s, 4)
		for range 4 {
			s.round(pull)
		}
	})

	show(t, "PS-43 SUB receives from its publishers in turn", func(s *stage) {
		sub := s.sub()
		s.subscribe(sub, "")
		s.crowd(sub, "PUB").say(s, 4, "topic")
		for range 4 {
			s.round(sub)
		}
	})
}
