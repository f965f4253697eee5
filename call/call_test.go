package call_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

type pair struct{ A, B int }

func TestCallIsAnswered(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		s := newServer(t)
		check(t, s.Handle("echo", echo))
		check(t, call.Handle(s, "add", codec.MsgPack[pair](), codec.MsgPack[int](), func(_ context.Context, p pair) (int, error) { return p.A + p.B, nil }))
		c := newClient(t)
		check(t, c.Connect(bind(t, s, scheme)))
		for _, size := range []int{0, 1, 100, 1 << 20} {
			body := bytes.Repeat([]byte{'x'}, size)
			answer, err := c.Call(within(t), "echo", body)
			if err != nil || !bytes.Equal(answer, body) {
				t.Fatalf("echo of %d octets: %d octets, %v", size, len(answer), err)
			}
		}
		add := call.NewCaller(c, "add", codec.MsgPack[pair](), codec.MsgPack[int]())
		sum, err := add.Call(within(t), pair{1, 2})
		if err != nil || sum != 3 {
			t.Fatalf("add = %d, %v", sum, err)
		}
	})
}

// TestThousandCalls has 1,000 calls in flight on one client: no handler answers
// before all of them are there.
func TestThousandCalls(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		const calls = 1000
		var all sync.WaitGroup
		all.Add(calls)
		s := newServer(t, call.WithConcurrency(calls))
		check(t, call.Handle(s, "double", codec.MsgPack[int](), codec.MsgPack[int](), func(_ context.Context, n int) (int, error) {
			all.Done()
			all.Wait()
			return 2 * n, nil
		}))
		c := newClient(t)
		check(t, c.Connect(bind(t, s, scheme)))
		double := call.NewCaller(c, "double", codec.MsgPack[int](), codec.MsgPack[int]())
		ctx := within(t)
		errs := make(chan error, calls)
		for n := range calls {
			go func() {
				got, err := double.Call(ctx, n)
				if err == nil && got != 2*n {
					err = fmt.Errorf("double of %d is %d", n, got)
				}
				errs <- err
			}()
		}
		for range calls {
			check(t, <-errs)
		}
	})
}

func count(_ context.Context, n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if n%2 == 1 {
			yield(0, call.Errorf(call.OutOfRange, "%d is odd", n))
		}
	}
}

func TestStreamCounts(t *testing.T) {
	overTransports(t, func(t *testing.T, scheme string) {
		s := newServer(t)
		check(t, call.HandleStream(s, "count", codec.MsgPack[int](), codec.MsgPack[int](), count))
		c := newClient(t)
		check(t, c.Connect(bind(t, s, scheme)))
		for _, window := range []int{1, 2, 32, 4096} {
			counts := call.NewCaller(c, "count", codec.MsgPack[int](), codec.MsgPack[int](), call.WithWindow(window))
			for _, n := range []int{0, 1, 2, 31, 1000} {
				got, wrong := 0, error(nil)
				for v, err := range counts.Stream(within(t), n) {
					if err != nil {
						wrong = err
						continue
					}
					if v != got {
						t.Fatalf("item %d is %d", got, v)
					}
					got++
				}
				if got != n || (n%2 == 1) != errors.Is(wrong, call.OutOfRange) {
					t.Fatalf("window %d: %d of %d items, error %v", window, got, n, wrong)
				}
			}
		}
	})
}

func TestMethodsAreNotMixedUp(t *testing.T) {
	s := newServer(t)
	check(t, s.Handle("once", echo))
	check(t, call.HandleStream(s, "many", codec.MsgPack[int](), codec.MsgPack[int](), count))
	c := join(t, s)
	if _, err := c.Call(within(t), "many", nil); !errors.Is(err, call.Unimplemented) {
		t.Errorf("Call of a stream: %v", err)
	}
	for _, err := range c.Stream(within(t), "once", nil) {
		if !errors.Is(err, call.Unimplemented) {
			t.Errorf("Stream of a method that answers once: %v", err)
		}
	}
	if _, err := c.Call(within(t), "none", nil); !errors.Is(err, call.Unimplemented) {
		t.Errorf("Call of no method: %v", err)
	}
	if err := s.Handle("once", echo); !errors.Is(err, socket.ErrOption) {
		t.Errorf("second handler: %v", err)
	}
	if err := s.Handle("", echo); !errors.Is(err, socket.ErrOption) {
		t.Errorf("method without a name: %v", err)
	}
}
