package mesh

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func TestLeaveIsTold(t *testing.T) {
	var h hub
	ns := h.full(t, 3)
	w := ns[0].Presence(t.Context())
	defer w.Close()
	next(t, w, ns[1].ID(), Up)
	if err := ns[1].Leave(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := ns[1].Leave(within(t)); err != nil {
		t.Errorf("again: %v", err)
	}
	if e := next(t, w, ns[1].ID(), Gone, Suspect); e.Peer.State != Gone || e.Reason != Left {
		t.Errorf("event %v", e)
	}
	if p := ns[0].Peers(); len(p) != 1 || p[0].ID != ns[2].ID() {
		t.Errorf("peers %+v", p)
	}
	if _, err := ns[1].Serve("x", echo); !errors.Is(err, ErrClosed) {
		t.Errorf("serve after leaving: %v", err)
	}
	if err := ns[1].JoinGroup("x"); !errors.Is(err, ErrClosed) {
		t.Errorf("join a group after leaving: %v", err)
	}
	if err := ns[1].WaitPeers(t.Context(), 1); !errors.Is(err, ErrClosed) {
		t.Errorf("wait for peers after leaving: %v", err)
	}
	if _, err := ns[1].Presence(t.Context()).Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("presence after leaving: %v", err)
	}
}

func TestLeaveFinishesWhatIsBegun(t *testing.T) {
	var h hub
	ns := h.full(t, 2)
	began, release := make(chan struct{}, 10), make(chan struct{})
	serve(t, ns[1], func(_ context.Context, r Request) (socket.Message, error) {
		began <- struct{}{}
		<-release
		return r.Frames, nil
	}, WithConcurrency(1))
	ctx := within(t)
	var wg sync.WaitGroup
	for range 3 { // one is executed, two wait
		wg.Go(func() {
			if m, err := ns[0].Call(ctx, "work", []byte("x")); err != nil || string(m[0]) != "x" {
				t.Errorf("%v, %v", m, err)
			}
		})
	}
	<-began
	eventuallyServing(t, ns[1], 3)
	left := make(chan error, 1)
	go func() { left <- ns[1].Leave(ctx) }()
	eventually(t, ns[0], "draining", func() bool { p, _ := ns[0].Peer(ns[1].ID()); return p.Draining })
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := ns[0].Call(short, "work"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call of one who leaves: %v", err)
	}
	close(release)
	if err := <-left; err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// eventuallyServing waits until n has so many requests of peers.
func eventuallyServing(t testing.TB, n *Node, requests int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ctx := within(t); n.Stats().Serving != requests; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("serving %d, want %d", n.Stats().Serving, requests)
		}
	}
}

func TestLeaveAbandonsWhatTakesTooLong(t *testing.T) {
	var h hub
	ns := h.full(t, 2)
	began := make(chan struct{})
	serve(t, ns[1], func(ctx context.Context, _ Request) (socket.Message, error) {
		close(began)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	done := make(chan error, 1)
	go func() {
		_, err := ns[0].Call(t.Context(), "work")
		done <- err
	}()
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var a *AbandonedError
	if err := ns[1].Leave(ctx); !errors.As(err, &a) || a.Requests != 1 {
		t.Errorf("leave: %v", err)
	}
	if err := <-done; !errors.Is(err, ErrPeerLost) {
		t.Errorf("call: %v", err)
	}
}

// A rolling restart under load: three instances are replaced one after the
// other, twice, and no call fails, though none may be repeated.
func TestRollingRestartFailsNoCall(t *testing.T) {
	var h hub
	callers := h.full(t, 2)
	handler := func(ctx context.Context, r Request) (socket.Message, error) {
		timer := time.NewTimer(2 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return r.Frames, nil
	}
	instance := func() *Node {
		n := h.join(t)
		serve(t, n, handler, WithConcurrency(4), WithQueue(8))
		return n
	}
	instances := []*Node{instance(), instance(), instance()}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var calls, failed atomic.Int64
	var wg sync.WaitGroup
	for _, n := range callers {
		for range 8 {
			wg.Go(func() {
				for ctx.Err() == nil {
					call, done := context.WithTimeout(t.Context(), patience)
					m, err := n.Call(call, "work", []byte("x"))
					done()
					calls.Add(1)
					if err != nil || string(m[0]) != "x" {
						failed.Add(1)
						t.Errorf("call %d: %v, %v", calls.Load(), m, err)
					}
				}
			})
		}
	}
	for round := range 2 {
		for i, n := range instances {
			before := calls.Load()
			for tick := time.NewTicker(time.Millisecond); calls.Load() < before+100; <-tick.C {
				if t.Failed() {
					break
				}
			}
			if round == 0 { // the new one first, then the old one the other way round
				instances[i] = instance()
			}
			if err := n.Close(); err != nil {
				t.Errorf("leave: %v", err)
			}
			if round == 1 {
				instances[i] = instance()
			}
		}
	}
	cancel()
	wg.Wait()
	t.Logf("%d calls, %d failed", calls.Load(), failed.Load())
}
