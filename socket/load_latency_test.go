package socket_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// The workers of the latency tests: what a message takes each of them. One takes
// ten times as long as the others.
var crewTimes = []time.Duration{20 * time.Millisecond, 2 * time.Millisecond, 2 * time.Millisecond, 2 * time.Millisecond}

// A shift is one run of all workers.
type shift struct {
	began time.Time
	due   []time.Duration // of each message, since then
	mu    sync.Mutex
	took  []time.Duration // from when it was due to when it was done
	slow  int             // messages that the slow worker had
	over  chan struct{}   // closed when all are done
}

// newShift plans n messages that come at random, together six tenths of what
// all workers can do.
func newShift(n int) *shift {
	rate := 0.0 // messages a second
	for _, t := range crewTimes {
		rate += 0.6 / t.Seconds()
	}
	random := rand.New(rand.NewPCG(1, 2))
	s := &shift{over: make(chan struct{})}
	var at float64
	for range n {
		at += random.ExpFloat64() / rate
		s.due = append(s.due, time.Duration(at*1e9))
	}
	return s
}

// work is done by worker who: it takes its time, and notes how late that is.
func (s *shift) work(who int, message uint32) {
	<-time.After(crewTimes[who])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, time.Since(s.began)-s.due[message])
	if who == 0 {
		s.slow++
	}
	if len(s.took) == len(s.due) {
		close(s.over)
	}
}

// run hands out the messages as they come, whatever becomes of them, and returns
// the latency below which 99 of 100 are.
func (s *shift) run(t testing.TB, send func(message uint32) error) (p99 time.Duration) {
	t.Helper()
	s.began = time.Now()
	for i, due := range s.due {
		if wait := due - time.Since(s.began); wait > 0 {
			<-time.After(wait)
		}
		if err := send(uint32(i)); err != nil {
			t.Error(err)
			return 0
		}
	}
	<-s.over
	slices.Sort(s.took)
	return s.took[len(s.took)*99/100]
}

// oneQueue is the latency of n messages in the best case: with one queue, from
// which whoever is free takes the next.
func oneQueue(t testing.TB, n int) time.Duration {
	t.Helper()
	s, queue := newShift(n), make(chan uint32, n)
	for who := range crewTimes {
		go func() {
			for m := range queue {
				s.work(who, m)
			}
		}()
	}
	defer close(queue)
	return s.run(t, func(m uint32) error { queue <- m; return nil })
}

// A hub hands out messages to its peers.
type hub interface {
	anySocket
	socket.Sender
}

// shared is the latency of n messages that a hub shares out among workers, and the
// part of them that the slow one had. Link makes the connection of each.
func shared[W interface {
	anySocket
	socket.Receiver
}](t testing.TB, n int, h hub, create func() (W, error), link func(hub, W), reply func(context.Context, W, []byte) error) (p99 time.Duration, slow float64) {
	t.Helper()
	s := newShift(n)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for who := range crewTimes {
		w, err := create()
		if err != nil {
			t.Fatal(err)
		}
		link(h, w)
		wg.Go(func() {
			defer w.Close()
			for {
				m, err := w.Recv(ctx)
				if err != nil {
					return
				}
				s.work(who, binary.BigEndian.Uint32(m[0]))
				if reply != nil && reply(ctx, w, m[0]) != nil {
					return
				}
			}
		})
	}
	if err := h.WaitPeers(ctx, len(crewTimes)); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 100)
	p99 = s.run(t, func(m uint32) error {
		binary.BigEndian.PutUint32(body, m)
		return h.Send(ctx, body)
	})
	cancel()
	wg.Wait()
	return p99, float64(s.slow) / float64(n)
}

// sharedByDealer is shared with a DEALER, whose workers reply.
func sharedByDealer(t testing.TB, n int, link func(hub, *socket.Dealer), opts ...socket.DealerOption) (p99 time.Duration, slow float64) {
	t.Helper()
	d, err := socket.NewDealer(append(opts, socket.WithLinger(0))...)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	go func() {
		for _, err := range d.Messages(t.Context()) {
			if err != nil {
				return
			}
		}
	}()
	create := func() (*socket.Dealer, error) { return socket.NewDealer(socket.WithLinger(0)) }
	return shared(t, n, d, create, link, func(ctx context.Context, w *socket.Dealer, m []byte) error { return w.Send(ctx, m) })
}

// sharedByPush is shared with a PUSH, whose workers have a receive high-water mark.
func sharedByPush(t testing.TB, n, mark int, link func(hub, *socket.Pull), opts ...socket.PushOption) (p99 time.Duration, slow float64) {
	t.Helper()
	p, err := socket.NewPush(append(opts, socket.WithLinger(0))...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	create := func() (*socket.Pull, error) { return socket.NewPull(socket.WithRecvHWM(mark)) }
	return shared(t, n, p, create, link, nil)
}

// TestLeastLoadedLatency holds the latencies against the best case, on the clock of
// synctest, on which nothing but the work takes time.
func TestLeastLoadedLatency(t *testing.T) {
	const n = 5000
	attach := func(t testing.TB, h hub, w anySocket) {
		t.Helper()
		near, far := net.Pipe()
		if err := h.AttachConn(near); err != nil {
			t.Fatal(err)
		}
		if err := w.AttachConn(far); err != nil {
			t.Fatal(err)
		}
	}
	dealer := func(opts ...socket.DealerOption) func(*testing.T) (time.Duration, float64) {
		return func(t *testing.T) (time.Duration, float64) {
			return sharedByDealer(t, n, func(h hub, w *socket.Dealer) { attach(t, h, w) }, opts...)
		}
	}
	push := func(mark int, opts ...socket.PushOption) func(*testing.T) (time.Duration, float64) {
		return func(t *testing.T) (time.Duration, float64) {
			return sharedByPush(t, n, mark, func(h hub, w *socket.Pull) { attach(t, h, w) }, opts...)
		}
	}
	for _, tt := range []struct {
		name         string
		run          func(t *testing.T) (time.Duration, float64)
		above, below float64 // times the best case
	}{
		{"DEALER in turn", dealer(socket.WithSendHWM(0)), 100, 1e6},
		{"DEALER, WithLeastLoaded", dealer(socket.WithLeastLoaded()), 1, 2.5},
		{"DEALER, WithMaxLoad(2)", dealer(socket.WithMaxLoad(2)), 1, 2.5},
		{"DEALER, WithMaxLoad(1)", dealer(socket.WithMaxLoad(1)), 1, 1.3},
		{"PUSH in turn, mark 1", push(1, socket.WithSendHWM(0)), 100, 1e6},
		{"PUSH, WithLeastLoaded, mark 1", push(1, socket.WithLeastLoaded()), 1, 4},
		{"PUSH, WithMaxLoad(1), mark 1", push(1, socket.WithMaxLoad(1)), 1, 4},
		{"PUSH, WithMaxLoad(1), mark 1000: the peer's queue hides it", push(1000, socket.WithMaxLoad(1)), 100, 1e6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				best := oneQueue(t, n)
				p99, slow := tt.run(t)
				ratio := float64(p99) / float64(best)
				t.Logf("99 of 100 within %v, %.2f times the best case; the slow worker had %.1f %%", p99, ratio, 100*slow)
				if ratio < tt.above || ratio > tt.below {
					t.Errorf("want %v to %v times %v", tt.above, tt.below, best)
				}
			})
		})
	}
}
