package call_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/call"
)

// gated is a handler that waits for a gate, whatever its context says.
type gated struct {
	runs chan struct{}
	gate chan struct{}
}

func newGated() *gated { return &gated{make(chan struct{}, 1000), make(chan struct{})} }

func (g *gated) handle(_ context.Context, r *call.Request) ([]byte, error) {
	g.runs <- struct{}{}
	<-g.gate
	return r.Body, nil
}

// TestShutdownAnswersWhatIsInFlight has two servers: what the first was at is
// answered by it, and what comes later by the other.
func TestShutdownAnswersWhatIsInFlight(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		g := newGated()
		first := newServer(t)
		check(t, first.Handle("who", func(ctx context.Context, r *call.Request) ([]byte, error) {
			_, err := g.handle(ctx, r)
			return []byte("first"), err
		}))
		c := newClient(t)
		check(t, c.Connect(bind(t, first, scheme)))
		const calls = 10
		type result struct {
			answer []byte
			err    error
		}
		results := make(chan result, calls)
		for range calls {
			go func() {
				a, err := c.Call(within(t), "who", nil)
				results <- result{a, err}
			}()
			<-g.runs
		}
		second := newServer(t)
		check(t, second.Handle("who", func(context.Context, *call.Request) ([]byte, error) { return []byte("second"), nil }))
		check(t, c.Connect(bind(t, second, scheme)))
		check(t, c.WaitServers(within(t), 2))

		ended := make(chan error, 1)
		go func() { ended <- first.Shutdown(within(t)) }()
		for range 3 * calls {
			// Calls that reach the first before it says that it leaves wait at
			// the gate, so they are made with a hedge.
			a, err := c.Call(within(t), "who", nil, call.Idempotent(), call.WithHedge(time.Millisecond, 1))
			if err != nil || string(a) != "second" {
				t.Fatalf("%q, %v", a, err)
			}
		}
		close(g.gate)
		for range calls {
			if r := <-results; r.err != nil || string(r.answer) != "first" {
				t.Errorf("%q, %v", r.answer, r.err)
			}
		}
		check(t, <-ended)
	})
}

func TestShutdownTellsWhatItAbandons(t *testing.T) {
	w := newWaiting()
	s := newServer(t)
	check(t, s.Handle("wait", w.handle))
	c := join(t, s)
	const calls = 3
	failed := make(chan error, calls)
	for range calls {
		go func() {
			_, err := c.Call(within(t), "wait", nil)
			failed <- err
		}()
		<-w.runs
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Shutdown(ctx)
	var abandoned *call.AbandonedError
	if !errors.As(err, &abandoned) || abandoned.Calls != calls {
		t.Errorf("Shutdown: %v", err)
	}
	for range calls {
		if err := <-w.ends; !errors.Is(err, context.Canceled) {
			t.Errorf("a handler ended with %v", err)
		}
		if err := <-failed; !errors.Is(err, call.ServerLost) {
			t.Errorf("a call ended with %v", err)
		}
	}
	check(t, s.Close())
	check(t, s.Close())
	check(t, s.Shutdown(t.Context()))
}

// TestShutdownRefuses has a client that speaks raw: it is told that the server
// leaves, and refused.
func TestShutdownRefuses(t *testing.T) {
	g := newGated()
	s := newServer(t)
	check(t, s.Handle("work", g.handle))
	p := newRaw(t, bind(t, s, "tcp"))
	p.call(1, "work", 0, 0)
	<-g.runs
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(within(t)) }()
	p.expect(leavingKind, 0)
	p.call(2, "work", 0, 0)
	if m := p.expect(refusalKind, 2); string(m[1]) != "unavailable the server is shutting down" {
		t.Errorf("got %v", m)
	}
	p.send(nil, nil, nil, rawHeader(leftKind, 0, 0, 0))
	select {
	case err := <-ended:
		t.Fatal("ended with a call in flight", err)
	default:
	}
	close(g.gate)
	p.expect(answerKind, 1)
	check(t, <-ended)
}

func TestOverload(t *testing.T) {
	for _, tt := range []struct {
		name  string
		opt   call.ServerOption
		taken uint64
	}{
		{"backlog", call.WithBacklog(3, 1<<20), 4},
		{"octets", call.WithBacklog(100, 8), 2}, // "work" has 4
		{"peer", call.WithPeerCalls(2), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGated()
			s := newServer(t, call.WithConcurrency(1), tt.opt)
			check(t, s.Handle("work", g.handle))
			endpoint := bind(t, s, "tcp")
			p := newRaw(t, endpoint)
			for id := range tt.taken + 2 {
				p.call(id, "work", 0, 0)
			}
			for id := tt.taken; id < tt.taken+2; id++ {
				p.expect(refusalKind, id)
			}
			close(g.gate)
			for id := range tt.taken {
				p.expect(answerKind, id)
			}
			p.call(100, "work", 0, 0)
			p.expect(answerKind, 100)
		})
	}
}

// TestCancelledCallsMakeRoom has calls that are given up while they wait: others
// have their places at once.
func TestCancelledCallsMakeRoom(t *testing.T) {
	g := newGated()
	s := newServer(t, call.WithConcurrency(1), call.WithBacklog(2, 1<<20))
	check(t, s.Handle("work", g.handle))
	p := newRaw(t, bind(t, s, "tcp"))
	p.call(0, "work", 0, 0)
	<-g.runs
	for round := range uint64(5) {
		for id := range uint64(2) {
			p.call(10*round+10+id, "work", 0, 0)
		}
		for id := range uint64(2) {
			p.send(nil, nil, nil, rawHeader(cancelKind, 10*round+10+id, 0, 0))
		}
	}
	p.call(1, "work", 0, 0)
	p.call(2, "work", 0, 0)
	p.call(99, "no such method", 0, 0)
	p.expect(refusalKind, 99) // the server has read all before
	close(g.gate)
	for id := range uint64(3) {
		p.expect(answerKind, id)
	}
}

// TestHopsCount has calls that are small, behind hops that are not: the server
// keeps both.
func TestHopsCount(t *testing.T) {
	g := newGated()
	s := newServer(t, call.WithConcurrency(1), call.WithBacklog(100, 3000))
	check(t, s.Handle("work", g.handle))
	p := newRaw(t, bind(t, s, "tcp"))
	hop := bytes.Repeat([]byte("h"), 1000)
	defer close(g.gate)
	for id := range uint64(4) {
		p.send(hop, nil, []byte("work"), nil, rawHeader(callKind, id, 0, 0))
	}
	if m := p.recv(); len(m) != 5 || m[4][1] != refusalKind || !strings.HasPrefix(string(m[2]), "resource_exhausted ") {
		t.Errorf("got %v, want a refusal", m)
	}
}

// TestOverloadIsWaitedOut lets a client's calls be refused until there is room.
func TestOverloadIsWaitedOut(t *testing.T) {
	g := newGated()
	s := newServer(t, call.WithConcurrency(1), call.WithBacklog(0, 0))
	check(t, s.Handle("work", g.handle))
	c := join(t, s)
	const calls = 10
	errs := make(chan error, calls)
	for range calls {
		go func() {
			_, err := c.Call(within(t), "work", nil)
			errs <- err
		}()
	}
	<-g.runs
	if _, err := c.Call(within(t), "work", nil, call.FailFast()); !errors.Is(err, call.ResourceExhausted) {
		t.Errorf("a call that does not wait: %v", err)
	}
	short, cancel := context.WithTimeout(within(t), 500*time.Millisecond)
	defer cancel()
	if _, err := c.Call(short, "work", nil); !errors.Is(err, call.ResourceExhausted) || !errors.Is(err, call.DeadlineExceeded) {
		t.Errorf("a call that does not wait for long: %v", err)
	}
	close(g.gate)
	for range calls {
		check(t, <-errs)
	}
}

// TestPeersTakeTurns has one peer with a long queue: another's call is next.
func TestPeersTakeTurns(t *testing.T) {
	order := make(chan string, 100)
	g := newGated()
	s := newServer(t, call.WithConcurrency(1))
	check(t, s.Handle("block", g.handle))
	check(t, call.Handle(s, "note", text, text, func(_ context.Context, who string) (string, error) {
		order <- who
		return "", nil
	}))
	endpoint := bind(t, s, "tcp")
	greedy, modest := newRaw(t, endpoint), newRaw(t, endpoint)
	greedy.call(0, "block", 0, 0)
	<-g.runs
	const many = 20
	for id := range uint64(many) {
		greedy.send(nil, []byte("note"), []byte("greedy"), rawHeader(callKind, id+1, 0, 0))
	}
	greedy.call(99, "none", 0, 0) // is refused, after the others were taken
	greedy.expect(refusalKind, 99)
	modest.send(nil, []byte("note"), []byte("modest"), rawHeader(callKind, 1, 0, 0))
	modest.call(99, "none", 0, 0)
	modest.expect(refusalKind, 99)
	close(g.gate)
	for i := range many + 1 {
		if who := <-order; who == "modest" {
			if i > 1 {
				t.Errorf("the modest peer had to wait for %d calls of the greedy one", i)
			}
			return
		}
	}
}

func TestMaxPending(t *testing.T) {
	g := newGated()
	s := newServer(t)
	check(t, s.Handle("work", g.handle))
	c := joinWith(t, []call.ClientOption{call.WithMaxPending(2)}, s)
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := c.Call(within(t), "work", nil)
			errs <- err
		}()
		<-g.runs
	}
	if _, err := c.Call(within(t), "work", nil); !errors.Is(err, call.ResourceExhausted) {
		t.Errorf("one call too many: %v", err)
	}
	close(g.gate)
	check(t, <-errs)
	check(t, <-errs)
	if _, err := c.Call(within(t), "work", nil); err != nil {
		t.Error(err)
	}
}
