package call_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"testing"
	"time"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/socket"
)

// waiting is a handler that tells when it runs, and why its context ended.
type waiting struct {
	runs chan context.Context
	ends chan error
}

func newWaiting() *waiting {
	return &waiting{runs: make(chan context.Context, 100), ends: make(chan error, 100)}
}

func (w *waiting) handle(ctx context.Context, _ *call.Request) ([]byte, error) {
	w.runs <- ctx
	<-ctx.Done()
	w.ends <- ctx.Err()
	return nil, ctx.Err()
}

func TestCancelReachesTheHandler(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		w := newWaiting()
		s := newServer(t)
		check(t, s.Handle("wait", w.handle))
		c := newClient(t)
		check(t, c.Connect(bind(t, s, scheme)))
		ctx, cancel := context.WithCancel(within(t))
		done := make(chan error)
		go func() {
			_, err := c.Call(ctx, "wait", nil)
			done <- err
		}()
		<-w.runs
		cancel()
		if err := <-done; !errors.Is(err, call.Canceled) || !errors.Is(err, context.Canceled) {
			t.Errorf("the call ended with %v", err)
		}
		if err := <-w.ends; !errors.Is(err, context.Canceled) {
			t.Errorf("the handler ended with %v", err)
		}
	})
}

// TestDoneContext makes calls that nobody wants any more: none is sent.
func TestDoneContext(t *testing.T) {
	s := newServer(t)
	check(t, s.Handle("echo", echo))
	c := join(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if _, err := c.Call(ctx, "echo", nil); !errors.Is(err, call.Canceled) {
			t.Errorf("the call ended with %v", err)
		}
	}
	_, err := c.Call(within(t), "echo", nil) // on the connection behind all others
	check(t, err)
	if n := s.Stats().Taken; n != 1 {
		t.Errorf("the server has taken %d calls, want the last one alone", n)
	}
}

func TestDeadlineReachesTheHandler(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		w := newWaiting()
		s := newServer(t)
		check(t, s.Handle("wait", w.handle))
		c := newClient(t)
		check(t, c.Connect(bind(t, s, scheme)))
		check(t, c.WaitServers(within(t), 1))
		const given = 500 * time.Millisecond
		ctx, cancel := context.WithTimeout(within(t), given)
		defer cancel()
		want, _ := ctx.Deadline()
		_, err := c.Call(ctx, "wait", nil)
		if !errors.Is(err, call.DeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the call ended with %v", err)
		}
		got, ok := (<-w.runs).Deadline()
		if off := got.Sub(want); !ok || off < -given || off > given {
			t.Errorf("the handler's deadline is %v off, %v", off, ok)
		}
		// The client's cancellation may be there before the handler's own clock.
		if err := <-w.ends; err == nil {
			t.Error("the handler's context did not end")
		}
	})
}

// TestDeadlineOfServer has a peer that sets a deadline and does not cancel.
func TestDeadlineOfServer(t *testing.T) {
	w := newWaiting()
	s := newServer(t)
	check(t, s.Handle("wait", w.handle))
	p := newRaw(t, bind(t, s, "tcp"))
	p.call(7, "wait", 200, 0)
	if err := <-w.ends; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the handler ended with %v", err)
	}
	if m := p.recv(); string(m[1]) != "deadline_exceeded" {
		t.Errorf("got %v", m)
	}
}

func TestLostClientCancelsItsCalls(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		w := newWaiting()
		s := newServer(t)
		check(t, s.Handle("wait", w.handle))
		check(t, s.Handle("echo", echo))
		endpoint := bind(t, s, scheme)
		other := newClient(t)
		check(t, other.Connect(endpoint))
		kept := make(chan error, 1)
		ctx, cancel := context.WithCancel(within(t))
		go func() {
			_, err := other.Call(ctx, "wait", nil)
			kept <- err
		}()
		<-w.runs
		const calls = 10
		c := newClient(t)
		check(t, c.Connect(endpoint))
		failed := make(chan error, calls)
		for range calls {
			go func() {
				_, err := c.Call(within(t), "wait", nil)
				failed <- err
			}()
			<-w.runs
		}
		check(t, c.Close())
		for range calls {
			if err := <-failed; !errors.Is(err, socket.ErrClosed) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("a call of the closed client ended with %v", err)
			}
			if err := <-w.ends; !errors.Is(err, context.Canceled) {
				t.Errorf("a handler ended with %v", err)
			}
		}
		if _, err := other.Call(within(t), "echo", nil); err != nil {
			t.Error(err)
		}
		select {
		case err := <-kept:
			t.Errorf("the other client's call ended with %v", err)
		default:
		}
		cancel()
		<-kept
		<-w.ends
	})
}

// endless answers with items until the context is done, and tells how many the
// caller was sent.
func endless(sent chan<- int) func(context.Context, *call.Request) iter.Seq2[[]byte, error] {
	return func(context.Context, *call.Request) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			n := 0
			for yield([]byte{byte(n)}, nil) {
				n++
			}
			sent <- n
		}
	}
}

func TestBreakEndsTheStream(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		sent := make(chan int, 1)
		s := newServer(t)
		check(t, s.HandleStream("endless", endless(sent)))
		c := newClient(t)
		check(t, c.Connect(bind(t, s, scheme)))
		got := 0
		for item, err := range c.Stream(within(t), "endless", nil, call.WithWindow(4)) {
			if err != nil || item[0] != byte(got) {
				t.Fatalf("item %d: %v, %v", got, item, err)
			}
			if got++; got == 100 {
				break
			}
		}
		if n := <-sent; n < got || n > got+4 {
			t.Errorf("%d items sent, %d taken, and the window is 4", n, got)
		}
	})
}

// TestSlowReader has more streams whose readers take nothing than the server
// has places: other calls are served all the same.
func TestSlowReader(t *testing.T) {
	const streams, places = 10, 2
	sent := make(chan int, streams)
	s := newServer(t, call.WithConcurrency(places))
	check(t, s.HandleStream("endless", endless(sent)))
	check(t, s.Handle("echo", echo))
	c := join(t, s)
	ctx := within(t)
	var stops []func()
	for range streams {
		next, stop := iter.Pull2(c.Stream(ctx, "endless", nil, call.WithWindow(4)))
		if _, err, ok := next(); err != nil || !ok {
			t.Fatal(err, ok)
		}
		stops = append(stops, stop)
	}
	for range 10 * places {
		if _, err := c.Call(ctx, "echo", nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, stop := range stops {
		stop()
	}
	for range streams {
		if n := <-sent; n > 8 {
			t.Errorf("%d items sent to a reader that took 1, and the window is 4", n)
		}
	}
}

func TestContextOfHandler(t *testing.T) {
	s := newServer(t)
	type outcome struct {
		info          *call.Info
		before, after error
		derived       error
	}
	got := make(chan outcome, 1)
	gate := make(chan struct{})
	check(t, s.Handle("look", func(ctx context.Context, _ *call.Request) ([]byte, error) {
		child, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		o := outcome{info: call.InfoFrom(child), before: ctx.Err()}
		gate <- struct{}{}
		<-child.Done()
		o.after, o.derived = ctx.Err(), child.Err()
		got <- o
		return nil, nil
	}))
	c := join(t, s)
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		<-gate
		cancel()
	}()
	_, _ = c.Call(ctx, "look", nil, call.WithMetadata(call.Metadata{"k": "v"}))
	o := <-got
	if o.info == nil || o.info.Method != "look" || o.info.Metadata["k"] != "v" || o.info.Peer.SocketType != "DEALER" {
		t.Errorf("the info is %+v", o.info)
	}
	if o.before != nil || !errors.Is(o.after, context.Canceled) || !errors.Is(o.derived, context.Canceled) {
		t.Errorf("errors of the context: %v before, %v after, %v of one derived from it", o.before, o.after, o.derived)
	}
	if call.InfoFrom(t.Context()) != nil {
		t.Error("a context that is of no call has info")
	}
}
