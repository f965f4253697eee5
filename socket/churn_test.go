package socket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// In the churn a thousand sockets come and go, some dozens at a time, while
// those that stay carry load. Under the race detector they are 200.
func churners() int {
	if raceEnabled || testing.Short() {
		return 200
	}
	return 1000
}

// atATime is how many of the churning sockets there are at once.
const atATime = 40

// churn runs life once for each of the churning sockets.
func churn(t *testing.T, life func(t *testing.T, i int)) {
	t.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	for range atATime {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= churners() && !t.Failed(); i = int(next.Add(1)) {
				life(t, i)
			}
		})
	}
	wg.Wait()
}

// limited is a context for one call, which ends by its deadline.
func limited(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), patience)
}

// quickRedial keeps the churn from waiting for itself.
var quickRedial = WithRedial(time.Millisecond, 20*time.Millisecond)

// TestChurnOfPush: PUSH sockets come, send and go. A PUSH that has closed in
// good order has lost nothing: all arrives, once and in order.
func TestChurnOfPush(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		a := newAudit(t)
		pull := must(NewPull(WithRecvHWM(100)))
		a.open("PULL", pull)
		endpoint := must(pull.Bind(anywhere(t, scheme)))
		book := newLedger(t, "PULL")
		stop, cancel := context.WithCancel(t.Context())
		var reading sync.WaitGroup
		reading.Go(func() {
			for m, err := range pull.Messages(stop) {
				if err != nil {
					return
				}
				book.enter(unstamp(t, m[0]))
			}
		})
		var sent atomic.Int64
		churn(t, func(t *testing.T, i int) {
			push := must(NewPush(WithSendHWM(1+rand.IntN(50)), quickRedial))
			a.open(fmt.Sprint("PUSH ", i), push)
			if err := push.Connect(endpoint); err != nil {
				t.Error(err)
			}
			n := rand.IntN(200)
			for number := range n {
				ctx, cancel := limited(t)
				if err := push.Send(ctx, stamp(i, number)); err != nil {
					t.Error(err)
				}
				cancel()
			}
			sent.Add(int64(n))
			ctx, cancel := limited(t)
			unsent(t, push.Shutdown(ctx), 0)
			cancel()
			if out := a.finish(push).Out; out.Messages != uint64(n) || out.Delivered != uint64(n) {
				t.Errorf("PUSH %d sent %d: %+v", i, n, out)
			}
		})
		within(t, func() bool { in := pull.Stats().In; return in.Delivered == uint64(sent.Load()) })
		cancel()
		reading.Wait()
		unsent(t, pull.Close(), 0)
		in := a.finish(pull).In
		if int64(book.total) != sent.Load() || in.Messages != uint64(book.total) || in.Delivered != in.Messages {
			t.Errorf("%d sent, %d received; in: %+v", sent.Load(), book.total, in)
		}
		for sender := range book.count {
			if book.first[sender] != 0 || book.missing(sender) != 0 {
				t.Errorf("of PUSH %d: the first is %d, %d are missing", sender, book.first[sender], book.missing(sender))
			}
		}
	})
}

// within waits until something becomes true that no event tells of.
func within(t *testing.T, so func() bool) {
	t.Helper()
	for ctx := bounded(t); !so(); {
		if ctx.Err() != nil {
			t.Error("it does not come true")
			return
		}
		pause := time.NewTimer(time.Millisecond)
		<-pause.C
	}
}

// TestChurnOfPull: PULL sockets come, receive some and go. What one has left
// unread it counts as dropped; what no one took stays queued for the next.
func TestChurnOfPull(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		a := newAudit(t)
		push := must(NewPush(WithSendHWM(10), WithLinger(0)))
		a.open("PUSH", push)
		endpoint := must(push.Bind(anywhere(t, scheme)))
		stop, cancel := context.WithCancel(t.Context())
		var sending sync.WaitGroup
		sending.Go(func() {
			for number := 0; push.Send(stop, stamp(0, number)) == nil; number++ {
			}
		})
		var received, dropped atomic.Uint64
		churn(t, func(t *testing.T, i int) {
			pull := must(NewPull(WithRecvHWM(1+rand.IntN(20)), quickRedial))
			a.open(fmt.Sprint("PULL ", i), pull)
			if err := pull.Connect(endpoint); err != nil {
				t.Error(err)
			}
			book := newLedger(t, fmt.Sprint("PULL ", i))
			for range rand.IntN(100) {
				ctx, cancel := limited(t)
				m, err := pull.Recv(ctx)
				cancel()
				if err != nil {
					t.Error(err)
					break
				}
				book.enter(unstamp(t, m[0]))
			}
			unsent(t, pull.Close(), 0)
			in := a.finish(pull).In
			if in.Delivered != uint64(book.total) || in.Dropped.Total() != in.Dropped[DropClosed] {
				t.Errorf("PULL %d received %d: %+v", i, book.total, in)
			}
			received.Add(in.Delivered)
			dropped.Add(in.Dropped.Total())
		})
		cancel()
		sending.Wait()
		within(t, func() bool { return push.Stats().Peers == 0 })
		before := push.Stats().Out
		var u *UnsentError
		if err := push.Close(); err != nil && !errors.As(err, &u) {
			t.Error(err)
		}
		out := a.finish(push).Out
		// In process, what the PUSH was relieved of is what the PULLs got. On a
		// wire, a PULL that closes does not wait for long for what is under way.
		got := received.Load() + dropped.Load()
		if out.Delivered != before.Delivered || out.Delivered < got || scheme == "inproc" && out.Delivered != got {
			t.Errorf("PUSH delivered %d, PULLs received %d and dropped %d", out.Delivered, received.Load(), dropped.Load())
		}
	})
}

// TestChurnOfSub: subscribers come and go under a publisher that drops nothing.
// Each receives everything from its first message to its last.
func TestChurnOfSub(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		a := newAudit(t)
		pub := must(NewPub(WithNoDrop(), WithSendHWM(100), WithLinger(0)))
		a.open("PUB", pub)
		endpoint := must(pub.Bind(anywhere(t, scheme)))
		stop, cancel := context.WithCancel(t.Context())
		var sending sync.WaitGroup
		sending.Go(func() {
			for number := 0; pub.Send(stop, []byte("topic"), stamp(0, number)) == nil; number++ {
			}
		})
		churn(t, func(t *testing.T, i int) {
			sub := must(NewSub(quickRedial))
			a.open(fmt.Sprint("SUB ", i), sub)
			prefix := "topic"[:rand.IntN(6)]
			if err := errors.Join(sub.Subscribe(prefix, "nothing"), sub.Connect(endpoint)); err != nil {
				t.Error(err)
			}
			book := newLedger(t, fmt.Sprint("SUB ", i))
			for range 1 + rand.IntN(100) {
				ctx, cancel := limited(t)
				m, err := sub.Recv(ctx)
				cancel()
				if err != nil {
					t.Error(err)
					break
				}
				book.enter(unstamp(t, m[1]))
			}
			if n := book.missing(0); n != 0 {
				t.Errorf("SUB %d misses %d messages of %d", i, n, book.total)
			}
			unsent(t, sub.Close(), 0)
			if in := a.finish(sub).In; in.Delivered != uint64(book.total) {
				t.Errorf("SUB %d received %d: %+v", i, book.total, in)
			}
		})
		cancel()
		sending.Wait()
		within(t, func() bool { return pub.Stats().Peers == 0 })
		pub.Close()
		if out := a.finish(pub).Out; out.Dropped[DropFull] != 0 {
			t.Errorf("out: %+v", out)
		}
	})
}

// TestChurnOfReq: requesters come, ask and go, some without waiting for the
// answer. Each answer is to the question that was asked last.
func TestChurnOfReq(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		a := newAudit(t)
		rep := must(NewRep(WithLinger(0)))
		a.open("REP", rep)
		endpoint := must(rep.Bind(anywhere(t, scheme)))
		var serving sync.WaitGroup
		serving.Go(func() {
			err := rep.Serve(t.Context(), func(_ context.Context, question Message) (Message, error) {
				return append(Message{[]byte("answer")}, question...), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		churn(t, func(t *testing.T, i int) {
			req := must(NewReq(quickRedial, WithLinger(0)))
			a.open(fmt.Sprint("REQ ", i), req)
			if err := req.Connect(endpoint); err != nil {
				t.Error(err)
			}
			for number := range 1 + rand.IntN(20) {
				ctx, cancel := limited(t)
				impatient := rand.IntN(10) == 0
				if impatient {
					go cancel()
				}
				m, err := req.Request(ctx, stamp(i, number))
				cancel()
				if err != nil {
					if !impatient || !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					continue
				}
				if len(m) != 2 || string(m[0]) != "answer" {
					t.Errorf("answer %v", m)
				} else if who, what := unstamp(t, m[1]); who != i || what != number {
					t.Errorf("REQ %d asked question %d, the answer is to question %d of %d", i, number, what, who)
				}
			}
			if rand.IntN(2) == 0 {
				ctx, cancel := limited(t)
				if err := req.Send(ctx, stamp(i, -1)); err != nil {
					t.Error(err)
				}
				cancel()
			}
			req.Close()
			a.finish(req)
		})
		within(t, func() bool { return rep.Stats().Peers == 0 })
		rep.Close()
		serving.Wait()
		a.finish(rep)
	})
}

// TestChurnOfDealer: dealers come, send numbered messages to a ROUTER that
// sends each back, and go; some wait for the echoes, others leave them unread. Each comes once, in order,
// and to none but its sender.
func TestChurnOfDealer(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		a := newAudit(t)
		router := must(NewRouter(WithMandatory(), WithLinger(0), WithSendHWM(50)))
		a.open("ROUTER", router)
		endpoint := must(router.Bind(anywhere(t, scheme)))
		stop, cancel := context.WithCancel(t.Context())
		book := newLedger(t, "ROUTER")
		var echoing sync.WaitGroup
		echoing.Go(func() {
			for m, err := range router.Messages(stop) {
				if err != nil {
					return
				}
				book.enter(unstamp(t, m[1]))
				if err := router.Send(stop, m...); err != nil && !errors.Is(err, ErrNoRoute) && stop.Err() == nil {
					t.Error(err)
				}
			}
		})
		var sent atomic.Int64
		churn(t, func(t *testing.T, i int) {
			opts := []DealerOption{WithSendHWM(20), WithRecvHWM(20), quickRedial}
			if i%2 == 0 {
				opts = append(opts, WithIdentity(fmt.Append(nil, "dealer ", i)))
			}
			dealer := must(NewDealer(opts...))
			a.open(fmt.Sprint("DEALER ", i), dealer)
			if err := dealer.Connect(endpoint); err != nil {
				t.Error(err)
			}
			n, stays := rand.IntN(100), rand.IntN(2) == 0
			var sending sync.WaitGroup
			sending.Go(func() {
				for number := range n {
					ctx, cancel := limited(t)
					if err := dealer.Send(ctx, stamp(i, number)); err != nil {
						t.Error(err)
					}
					cancel()
				}
			})
			echoes := newLedger(t, fmt.Sprint("DEALER ", i))
			for stays && echoes.total < n {
				ctx, cancel := limited(t)
				m, err := dealer.Recv(ctx)
				cancel()
				if err != nil {
					t.Error(err)
					break
				}
				who, number := unstamp(t, m[0])
				if who != i || number != echoes.total {
					t.Errorf("DEALER %d received the echo of message %d of %d, want %d", i, number, who, echoes.total)
				}
				echoes.enter(who, number)
			}
			sending.Wait()
			sent.Add(int64(n))
			ctx, cancel := limited(t)
			unsent(t, dealer.Shutdown(ctx), 0)
			cancel()
			if out := a.finish(dealer).Out; out.Messages != uint64(n) || out.Delivered != uint64(n) {
				t.Errorf("DEALER %d sent %d: %+v", i, n, out)
			}
		})
		within(t, func() bool { return router.Stats().In.Delivered == uint64(sent.Load()) })
		cancel()
		echoing.Wait()
		router.Close()
		if in := a.finish(router).In; int64(book.total) != sent.Load() || in.Messages != uint64(book.total) {
			t.Errorf("%d sent, %d received; in: %+v", sent.Load(), book.total, in)
		}
	})
}
