package call_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/call"
)

// kill ends a server as a crash does, as far as its clients can tell: no call is
// answered, and the connections end.
func kill(t *testing.T, s *call.Server) {
	t.Helper()
	check(t, s.Close())
}

// TestKilledServer kills the only server while calls are in flight, and starts
// another in its place, again and again: calls that are not idempotent fail at
// once, others are made again.
func TestKilledServer(t *testing.T) {
	const rounds, calls = 10, 20
	var crash atomic.Bool
	running := make(chan struct{}, 10*calls)
	start := func(endpoint string) (*call.Server, string) {
		s := newServer(t)
		check(t, s.Handle("work", func(ctx context.Context, r *call.Request) ([]byte, error) {
			if crash.Load() {
				running <- struct{}{}
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return r.Body, nil
		}))
		endpoint, err := s.Bind(endpoint)
		check(t, err)
		return s, endpoint
	}
	s, endpoint := start("tcp://127.0.0.1:0")
	c := newClient(t)
	check(t, c.Connect(endpoint))
	ctx := within(t)
	for round := range rounds {
		crash.Store(true)
		once, again := make(chan error, calls), make(chan error, calls)
		for range calls {
			go func() {
				_, err := c.Call(ctx, "work", nil)
				once <- err
			}()
			go func() {
				_, err := c.Call(ctx, "work", nil, call.Idempotent())
				again <- err
			}()
		}
		for range 2 * calls {
			<-running
		}
		kill(t, s)
		for range calls {
			if err := <-once; !errors.Is(err, call.ServerLost) {
				t.Fatalf("round %d: a call that is not idempotent ended with %v", round, err)
			}
		}
		crash.Store(false)
		s, _ = start(endpoint)
		for range calls {
			if err := <-again; err != nil {
				t.Fatalf("round %d: an idempotent call ended with %v", round, err)
			}
		}
		if _, err := c.Call(ctx, "work", nil); err != nil {
			t.Fatalf("round %d: the next call: %v", round, err)
		}
	}
}

// TestKilledServersDeadline kills the server for good: each call ends by its
// deadline and says what had happened.
func TestKilledServersDeadline(t *testing.T) {
	w := newWaiting()
	s := newServer(t)
	check(t, s.Handle("wait", w.handle))
	c := join(t, s)
	ctx, cancel := context.WithTimeout(within(t), 500*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := c.Call(ctx, "wait", nil, call.Idempotent())
		done <- err
	}()
	<-w.runs
	kill(t, s)
	err := <-done
	if !errors.Is(err, call.DeadlineExceeded) || !errors.Is(err, call.ServerLost) {
		t.Errorf("the call ended with %v", err)
	}
}

func TestTriesAreCounted(t *testing.T) {
	var calls atomic.Int64
	s := newServer(t)
	check(t, s.Handle("fail", func(context.Context, *call.Request) ([]byte, error) {
		calls.Add(1)
		return nil, call.Errorf(call.Unavailable, "try again")
	}))
	var attempts int
	c := joinWith(t, []call.ClientOption{call.WithInterceptors(
		func(ctx context.Context, info *call.Info, next func(context.Context) error) error {
			err := next(ctx)
			attempts = info.Attempts
			return err
		},
	)}, s)
	for _, tt := range []struct {
		opts []call.CallOption
		want int64
	}{
		{nil, 1},
		{[]call.CallOption{call.Idempotent(), call.WithRetry(call.Retry{Tries: 1})}, 1},
		{[]call.CallOption{call.Idempotent(), call.WithRetry(call.Retry{Tries: 3, Shortest: time.Millisecond})}, 3},
		{[]call.CallOption{call.Idempotent(), call.WithRetry(call.Retry{Shortest: time.Millisecond})}, 4},
	} {
		calls.Store(0)
		_, err := c.Call(within(t), "fail", nil, tt.opts...)
		if !errors.Is(err, call.Unavailable) || calls.Load() != tt.want || attempts != int(tt.want) {
			t.Errorf("%d calls, %d attempts, want %d; %v", calls.Load(), attempts, tt.want, err)
		}
	}
}

func TestAttemptTimeout(t *testing.T) {
	w := newWaiting()
	slow := newServer(t)
	check(t, slow.Handle("work", w.handle))
	c := join(t, slow)
	_, err := c.Call(within(t), "work", nil, call.WithAttemptTimeout(10*time.Millisecond))
	if !errors.Is(err, call.DeadlineExceeded) {
		t.Errorf("the call ended with %v", err)
	}
	if err := <-w.ends; err == nil {
		t.Error("the handler was not stopped")
	}
	fast := newServer(t)
	check(t, fast.Handle("work", echo))
	check(t, c.Connect(bind(t, fast, "tcp")))
	check(t, c.WaitServers(within(t), 2))
	for range 4 { // whichever comes first
		answer, err := c.Call(within(t), "work", []byte("x"), call.Idempotent(), call.WithRetry(call.Retry{Tries: -1}),
			call.WithAttemptTimeout(50*time.Millisecond))
		if err != nil || string(answer) != "x" {
			t.Errorf("%q, %v", answer, err)
		}
	}
}

// TestRollingRestart restarts three servers one after the other, in good order,
// under load: no call fails, idempotent or not.
func TestRollingRestart(t *testing.T) {
	const servers, callers, rounds = 3, 4, 2
	start := func(endpoint string) (*call.Server, string) {
		s := newServer(t)
		check(t, s.Handle("echo", echo))
		endpoint, err := s.Bind(endpoint)
		check(t, err)
		return s, endpoint
	}
	c := newClient(t)
	var running [servers]*call.Server
	var where [servers]string
	for i := range servers {
		running[i], where[i] = start("tcp://127.0.0.1:0")
		check(t, c.Connect(where[i]))
	}
	check(t, c.WaitServers(within(t), servers))
	var calls atomic.Int64
	errs := make(chan error, callers)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			var opts []call.CallOption
			if i%2 == 0 {
				opts = append(opts, call.Idempotent())
			}
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				body := fmt.Sprint(i, n)
				answer, err := c.Call(within(t), "echo", []byte(body), opts...)
				if err == nil && string(answer) != body {
					err = fmt.Errorf("%q is answered with %q", body, answer)
				}
				if err != nil {
					errs <- err
					return
				}
				calls.Add(1)
			}
		})
	}
	for range rounds {
		for i := range servers {
			before := calls.Load()
			check(t, running[i].Shutdown(within(t)))
			check(t, running[i].Close())
			running[i], _ = start(where[i])
			check(t, c.WaitServers(within(t), servers))
			for calls.Load() < before+100 && len(errs) == 0 { // some traffic between
				if _, err := c.Call(within(t), "echo", nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	close(stop)
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	t.Logf("%d calls", calls.Load())
}

func TestHedgeGoesElsewhere(t *testing.T) {
	w := newWaiting()
	slow, fast := newServer(t), newServer(t)
	check(t, slow.Handle("work", w.handle))
	check(t, fast.Handle("work", echo))
	c := join(t, slow, fast)
	slows := 0
	for range 10 {
		answer, err := c.Call(within(t), "work", []byte("x"), call.Idempotent(), call.WithHedge(5*time.Millisecond, 1))
		if err != nil || string(answer) != "x" {
			t.Fatalf("%q, %v", answer, err)
		}
		select {
		case <-w.runs:
			slows++
			if err := <-w.ends; !errors.Is(err, context.Canceled) {
				t.Errorf("the slow handler ended with %v", err)
			}
		default:
		}
	}
	if slows == 0 {
		t.Error("no call went to the slow server first")
	}
}

func TestHedgeWithoutAnother(t *testing.T) {
	s := newServer(t)
	release := make(chan struct{})
	check(t, s.Handle("work", func(context.Context, *call.Request) ([]byte, error) {
		<-release
		return []byte("late"), nil
	}))
	c := join(t, s)
	time.AfterFunc(30*time.Millisecond, func() { close(release) })
	answer, err := c.Call(within(t), "work", nil, call.Idempotent(), call.WithHedge(time.Millisecond, 3))
	if err != nil || string(answer) != "late" {
		t.Errorf("%q, %v", answer, err)
	}
}
