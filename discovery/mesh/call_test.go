package mesh

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

func echo(_ context.Context, r Request) (socket.Message, error) { return r.Frames, nil }

func serve(t testing.TB, n *Node, h Handler, opts ...ServeOption) *Service {
	t.Helper()
	s, err := n.Serve("work", h, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCall(t *testing.T) {
	var h hub
	ns := h.full(t, 3)
	ctx := within(t)
	serve(t, ns[1], func(_ context.Context, r Request) (socket.Message, error) {
		switch string(r.Frames[0]) {
		case "fail":
			return nil, errors.New("sold out")
		case "code":
			return nil, &CallError{Code: CodeUser + 4, Text: "no tea"}
		case "large":
			return socket.Message{make([]byte, 70<<20)}, nil
		}
		return append(r.Frames, []byte(r.From.String())), nil
	}, WithServiceVersion("1.2"), WithServiceMetadata(map[string]string{"k": "v"}), Idempotent())

	m, err := ns[0].Call(ctx, "work", []byte("tea"), nil) // waits for the instance to be known
	if err != nil || m.String() != fmt.Sprintf("[%q %q %q]", "tea", "", ns[0].ID()) {
		t.Errorf("reply %v, %v", m, err)
	}
	for _, s := range ns[0].Services() {
		if s.Service != "work" || s.Version != "1.2" || s.Metadata["k"] != "v" || !s.Idempotent || s.Peer != ns[1].ID() || s.Local {
			t.Errorf("service %+v", s)
		}
	}
	for _, tt := range []struct {
		request string
		code    Code
		text    string
	}{
		{"fail", CodeFailed, "sold out"},
		{"code", CodeUser + 4, "no tea"},
		{"large", CodeFailed, "too large"},
	} {
		for _, n := range ns[:2] { // over a link, and its own instance
			if n == ns[1] && tt.request == "large" {
				continue
			}
			_, err := n.Call(ctx, "work", []byte(tt.request))
			var e *CallError
			if !errors.As(err, &e) || e.Code != tt.code || !strings.Contains(e.Text, tt.text) || e.Peer != ns[1].ID() || e.Service != "work" {
				t.Errorf("%s: %#v", tt.request, err)
			}
		}
	}
	if _, err := ns[0].Call(ctx, ""); !errors.Is(err, ErrName) {
		t.Errorf("no name: %v", err)
	}
	if _, err := ns[0].Call(ctx, "work", make([]byte, 70<<20)); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := ns[1].Serve("work", echo); !errors.Is(err, ErrTaken) {
		t.Errorf("served twice: %v", err)
	}
}

func TestCallWaitsForAnInstance(t *testing.T) {
	var h hub
	a := h.join(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := a.Call(ctx, "work")
	var e *CallError
	if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) || e.Peer != (discovery.ID{}) {
		t.Errorf("nobody serves: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := a.Call(t.Context(), "work")
		done <- err
	}()
	b := h.join(t)
	serve(t, b, echo)
	if err := <-done; err != nil {
		t.Error(err)
	}
	go func() {
		_, err := a.Call(context.Background(), "none")
		done <- err
	}()
	a.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("left while waiting for an instance: %v", err)
	}
}

func TestCallCarriesDeadlineAndCancel(t *testing.T) {
	var h hub
	ns := h.full(t, 2)
	type seen struct {
		left time.Duration
		err  error
	}
	began := make(chan struct{}, 1)
	ended := make(chan seen, 1)
	serve(t, ns[1], func(ctx context.Context, _ Request) (socket.Message, error) {
		d, _ := ctx.Deadline()
		left := time.Until(d)
		began <- struct{}{}
		<-ctx.Done()
		ended <- seen{left, context.Cause(ctx)}
		return nil, context.Cause(ctx)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := ns[0].Call(ctx, "work")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	<-began
	if s := <-ended; s.left <= 0 || s.left > 300*time.Millisecond || !errors.Is(s.err, context.DeadlineExceeded) && !errors.Is(s.err, errCanceled) {
		t.Errorf("the handler saw %+v", s)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := ns[0].Call(ctx, "work")
		done <- err
	}()
	<-began
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if s := <-ended; !errors.Is(s.err, errCanceled) {
		t.Errorf("the handler saw %+v", s)
	}
}

func TestCallGoesToTheLeastLoaded(t *testing.T) {
	var h hub
	ns := h.full(t, 4)
	var served [4]atomic.Int32
	release := make(chan struct{})
	for i, n := range ns[1:] {
		serve(t, n, func(ctx context.Context, r Request) (socket.Message, error) {
			served[i+1].Add(1)
			if string(r.Frames[0]) == "slow" {
				<-release
			}
			return nil, nil
		}, WithConcurrency(64)) // as many as there are slow ones, on any machine
	}
	eventually(t, ns[0], "3 instances", hasService(ns[0], "work", 3))
	ctx := within(t)
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, err := ns[0].Call(ctx, "work", []byte("slow")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		for served[1].Load()+served[2].Load()+served[3].Load() < 30 && ctx.Err() == nil {
			if _, err := ns[0].Call(ctx, "work", []byte("fast")); err != nil {
				t.Error(err)
			}
		}
		close(release)
	})
	wg.Wait()
	for i := range served[1:] {
		if got := served[i+1].Load(); got < 5 {
			t.Errorf("instance %d served %d", i+1, got)
		}
	}
}

func TestCallPassesByWhoIsBusy(t *testing.T) {
	var h hub
	ns := h.full(t, 3)
	release := make(chan struct{})
	began := make(chan struct{}, 1)
	serve(t, ns[1], func(context.Context, Request) (socket.Message, error) {
		began <- struct{}{}
		<-release
		return socket.Message{[]byte("first")}, nil
	}, WithConcurrency(1), WithQueue(0))
	ctx := within(t)
	done := make(chan error, 1)
	go func() {
		_, err := ns[2].Call(ctx, "work")
		done <- err
	}()
	<-began
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := ns[0].Call(short, "work"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("all are busy: %v", err)
	}
	serve(t, ns[0], func(context.Context, Request) (socket.Message, error) { return socket.Message{[]byte("own")}, nil })
	for range 10 {
		if m, err := ns[0].Call(ctx, "work"); err != nil || string(m[0]) != "own" {
			t.Errorf("%v, %v", m, err)
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServiceShutdownDrains(t *testing.T) {
	var h hub
	ns := h.full(t, 2)
	began, release := make(chan struct{}), make(chan struct{})
	s := serve(t, ns[1], func(context.Context, Request) (socket.Message, error) {
		close(began)
		<-release
		return nil, nil
	})
	ctx := within(t)
	done := make(chan error, 1)
	go func() {
		_, err := ns[0].Call(ctx, "work")
		done <- err
	}()
	<-began
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if err := s.Shutdown(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a handler runs: %v", err)
	}
	short, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := ns[0].Call(short, "work"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("call of a service that drains: %v", err)
	}
	close(release)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	eventually(t, ns[0], "no service", func() bool { return len(ns[0].Services()) == 0 })
	if _, err := ns[1].Serve("work", echo); err != nil {
		t.Errorf("served again: %v", err)
	}
}

// A service whose Shutdown gave up waiting makes way once it has drained.
func TestServeAgainAfterShutdownGaveUp(t *testing.T) {
	var h hub
	n := h.join(t)
	began, release := make(chan struct{}), make(chan struct{})
	s := serve(t, n, func(context.Context, Request) (socket.Message, error) {
		close(began)
		<-release
		return nil, nil
	})
	ctx := within(t)
	done := make(chan error, 1)
	go func() {
		_, err := n.Call(ctx, "work")
		done <- err
	}()
	<-began
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if err := s.Shutdown(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a handler runs: %v", err)
	}
	if _, err := n.Serve("work", echo); !errors.Is(err, ErrTaken) {
		t.Errorf("served while the handler runs: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := n.until(ctx, func() bool { return s.pool.load() == 0 }); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Serve("work", echo); err != nil {
		t.Errorf("served again: %v", err)
	}
	if m, err := n.Call(ctx, "work", []byte("tea")); err != nil || string(m[0]) != "tea" {
		t.Errorf("%q, %v", m, err)
	}
}
