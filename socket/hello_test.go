package socket

import (
	"errors"
	"testing"
	"testing/synctest"
)

// TestHelloOnce: connections that end before their hello has left do not leave
// one each in the queue.
func TestHelloOnce(t *testing.T) {
	s := closing(t, must(NewDealer(WithHelloMessage([]byte("hello")), WithLinger(0)))).socket
	p := s.newPipe("nowhere", true)
	defer p.cancel()
	s.send.Lock()
	defer s.send.Unlock()
	waiting := func(when string, want int) {
		t.Helper()
		if n := p.out.Depth().Messages; n != want {
			t.Errorf("%s: %d messages wait, want %d", when, n, want)
		}
	}
	p.out.Append(nil, [][]byte{[]byte("queued")})
	for range 3 {
		s.hello(p)
	}
	waiting("one connection after the other", 2)
	list := p.out.Take()
	if got := string(list.Bytes()); got != "\x00\x05hello" {
		t.Errorf("first goes %q", got)
	}
	p.out.Restore(list, 3) // the connection breaks in the middle of it
	s.hello(p)
	waiting("a hello that was not taken whole", 2)
	p.out.Restore(p.out.Take(), 7)
	waiting("it has left", 1)
	s.hello(p)
	waiting("the next connection", 2)
	p.forfeit()
	waiting("all is dropped", 0)
	s.hello(p)
	waiting("and a new connection", 1)
}

// TestHelloOptions: what cannot be meant is refused.
func TestHelloOptions(t *testing.T) {
	large := make([]byte, 11)
	for name, opts := range map[string][]RouterOption{
		"hello":      {WithMaxMessageSize(10), WithHelloMessage(large)},
		"disconnect": {WithMaxMessageSize(10), WithDisconnectMessage(large)},
	} {
		if _, err := NewRouter(opts...); !errors.Is(err, ErrOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewDealer(WithMaxMessageSize(10), WithHiccupMessage(large)); !errors.Is(err, ErrOption) {
		t.Errorf("hiccup: %v", err)
	}
	if _, err := NewDealer(WithConflate(), WithHelloMessage(large)); !errors.Is(err, ErrOption) {
		t.Errorf("hello and conflate: %v", err)
	}
	closing(t, must(NewDealer(WithMaxMessageSize(11), WithHelloMessage(large), WithHiccupMessage(large))))
}

// TestLimitOfFarewells: peers that come and go again and again, and send nothing,
// fill no more than the limit with their ends; none is lost when the application
// receives.
func TestLimitOfFarewells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, rounds = 64 << 10, 100
		server := closing(t, must(NewServer(WithMaxBuffered(limit), WithDisconnectMessage([]byte("bye")))))
		for range rounds {
			comeAndGo(t, server, "CLIENT", nil)
		}
		if n := server.Stats().In.Queued; n == 0 || n > limit/(4<<10) {
			t.Errorf("%d peers have left an end, want at most %d", n, limit/(4<<10))
		}
		seen := make(map[uint32]bool)
		for range rounds {
			m, p, err := server.RecvFrom(t.Context())
			if err != nil || string(m[0]) != "bye" {
				t.Fatalf("received %v, %v", m, err)
			}
			seen[p.ID.RoutingID()] = true
			synctest.Wait()
		}
		if len(seen) != rounds {
			t.Errorf("the ends of %d peers were received, want %d", len(seen), rounds)
		}
		balanced(t, "SERVER", server.Stats())
		if left := server.recv.budget.Left(); left != limit {
			t.Errorf("%d octets of the limit are left in the end, want all %d", left, limit)
		}
	})
}

// TestFarewellsOfClose: the ends of peers that were not received are counted.
func TestFarewellsOfClose(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		server := closing(t, must(NewServer(WithDisconnectMessage(make([]byte, 20<<10)))))
		events := watch(t, server)
		client := closing(t, must(NewClient()))
		linked(t, scheme, server, client)
		client.Close()
		events.await("the end", kind(EventDisconnected))
		if in := server.Stats().In; in.Queued != 1 || in.Bytes < 20<<10 {
			t.Errorf("in: %+v", in)
		}
		server.Close()
		in := server.Stats().In
		if in.Messages != 1 || in.Dropped[DropClosed] != 1 || in.Queued != 0 {
			t.Errorf("in: %+v", in)
		}
	})
}
