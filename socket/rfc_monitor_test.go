package socket_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// story takes events until the one given, and returns their kinds.
func (s *stage) story(m *socket.Monitor, last socket.EventKind) (kinds []socket.EventKind) {
	s.Helper()
	for !slices.Contains(kinds, last) {
		e, err := m.Next(s.ctx)
		if err != nil {
			s.Fatalf("after %v: %v", kinds, err)
		}
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (s *stage) told(m *socket.Monitor, want ...socket.EventKind) {
	s.Helper()
	if got := s.story(m, want[len(want)-1]); !slices.Equal(got, want) {
		s.Fatalf("events %v, want %v", got, want)
	}
}

func TestRFCMonitor(t *testing.T) {
	show(t, "MO-01 any number of monitors see the same, and end with their socket", func(s *stage) {
		pull := s.pull()
		a, b, early := pull.Monitor(), pull.Monitor(), pull.Monitor()
		early.Close()
		s.bind(pull)
		for _, m := range []*socket.Monitor{a, b} {
			s.told(m, socket.EventListening)
		}
		drop(pull)
		for _, m := range []*socket.Monitor{a, b, early} {
			for {
				if _, err := m.Next(s.ctx); err != nil {
					s.matches(err, socket.ErrClosed)
					break
				}
			}
		}
	})

	show(t, "MO-03 the events of both sides, in order, in process too", func(s *stage) {
		pull, push := s.pull(), s.push(never())
		server, client := pull.Monitor(), push.Monitor()
		endpoint := s.star(pull, push)
		s.told(server, socket.EventListening, socket.EventAccepted, socket.EventReady)
		s.told(client, socket.EventConnected, socket.EventReady)
		if err := pull.Unbind(endpoint); err != nil {
			s.Fatal(err)
		}
		got := s.story(server, socket.EventDisconnected)
		if !slices.Contains(got, socket.EventUnbound) {
			got = append(got, s.story(server, socket.EventUnbound)...)
		}
		equal(s, "events of the end", len(got), 2)
		s.told(client, socket.EventDisconnected, socket.EventRedial)
	})

	showWire(t, "MO-04 only the handshake makes a usable peer", func(s *stage) {
		pull := s.pull()
		m := pull.Monitor()
		w := s.dial(s.bind(pull))
		e := s.event(m, socket.EventAccepted)
		equal(s, "peers", pull.Stats().Peers, 0)
		equal(s, "socket type", e.Peer.SocketType, "")
		w.greet("PUSH", 1)
		e = s.event(m, socket.EventReady)
		equal(s, "socket type", e.Peer.SocketType, "PUSH")
		equal(s, "version", e.Peer.Version, "3.1")
		equal(s, "mechanism", e.Peer.Mechanism, "NULL")
	})

	showWire(t, "MO-05 where nobody listens each attempt is told of, with the pause after it", func(s *stage) {
		push := s.push(quick())
		m := push.Monitor()
		endpoint := s.nowhere()
		s.connect(push, endpoint)
		for range 3 {
			e, err := m.Next(s.ctx)
			if err != nil {
				s.Fatal(err)
			}
			equal(s, "event", e.Kind, socket.EventConnectFailed)
			equal(s, "endpoint", e.Endpoint, endpoint)
			if e.Err == nil || e.Delay <= 0 {
				s.Fatalf("error %v, pause %v", e.Err, e.Delay)
			}
		}
	})

	show(t, "MO-06 how long the queues are is in Stats", func(s *stage) {
		push := s.push()
		s.connect(push, s.nowhere())
		for range 5 {
			s.send(push, "m")
		}
		equal(s, "out", push.Stats().Out.Queued, 5)
		pull, other := s.pull(), s.push()
		s.star(pull, other)
		for range 5 {
			s.send(other, "m")
		}
		s.arrived(pull, 5)
		each := pull.Stats().Each
		equal(s, "peers", len(each), 1)
		equal(s, "in", each[0].In, 5)
	})

	show(t, "MO-07 a monitor that nobody reads loses the oldest events, counted, and holds up nobody", func(s *stage) {
		const rounds = 700 // of two events each, more than a monitor keeps
		pull := s.pull()
		idle := pull.Monitor()
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		for range rounds {
			endpoint := s.bind(pull)
			if err := pull.Unbind(endpoint); err != nil {
				s.Fatal(err)
			}
		}
		s.until("events are lost", func() bool { return idle.Lost() > 0 })
		last, err := idle.Next(ctx)
		if err != nil {
			s.Fatal(err)
		}
		if time.Since(last.Time) > patience {
			s.Fatalf("event of %v", last.Time)
		}
	})
}
