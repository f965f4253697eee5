package call_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

// inFlight is how many calls the throughput is measured with.
const inFlight = 1000

// at has n goroutines do b.N operations, and reports how many a second.
func at(b *testing.B, n int, do func() error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := do(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkCalls is calls of 32 octets with 1,000 in flight over TCP, client and
// server in one process.
func BenchmarkCalls(b *testing.B) {
	b.Run("octets", func(b *testing.B) {
		s := newServer(b)
		check(b, s.Handle("echo", echo))
		c := join(b, s)
		body := make([]byte, 32)
		ctx := context.Background()
		at(b, inFlight, func() error {
			_, err := c.Call(ctx, "echo", body)
			return err
		})
	})
	b.Run("typed", func(b *testing.B) {
		s := newServer(b)
		check(b, call.Handle(s, "add", codec.MsgPack[pair](), codec.MsgPack[int](), func(_ context.Context, p pair) (int, error) { return p.A + p.B, nil }))
		add := call.NewCaller(join(b, s), "add", codec.MsgPack[pair](), codec.MsgPack[int]())
		ctx := b.Context()
		at(b, inFlight, func() error {
			_, err := add.Call(ctx, pair{1, 2})
			return err
		})
	})
}

// BenchmarkRaw is the same between a DEALER and a ROUTER: one goroutine each
// sends and receives on the one side, and one answers on the other.
func BenchmarkRaw(b *testing.B) {
	r, err := socket.NewRouter(socket.WithMandatory())
	check(b, err)
	defer r.Close()
	endpoint, err := r.Bind("tcp://127.0.0.1:0")
	check(b, err)
	d, err := socket.NewDealer()
	check(b, err)
	defer d.Close()
	check(b, d.Connect(endpoint))
	check(b, d.WaitPeers(within(b), 1))
	ctx := context.Background()
	go func() {
		for {
			m, err := r.Recv(ctx)
			if err != nil || r.Send(ctx, m...) != nil {
				return
			}
		}
	}()
	frames := [][]byte{nil, []byte("echo"), make([]byte, 32), make([]byte, 18)}
	b.ReportAllocs()
	b.ResetTimer()
	places := make(chan struct{}, inFlight)
	go func() {
		for range b.N {
			places <- struct{}{}
			if d.Send(ctx, frames...) != nil {
				return
			}
		}
	}()
	for range b.N {
		if _, err := d.Recv(ctx); err != nil {
			b.Fatal(err)
		}
		<-places
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkOneCall is one call at a time.
func BenchmarkOneCall(b *testing.B) {
	s := newServer(b)
	check(b, s.Handle("echo", echo))
	c := join(b, s)
	body := make([]byte, 32)
	ctx := context.Background()
	at(b, 1, func() error {
		_, err := c.Call(ctx, "echo", body)
		return err
	})
}

// BenchmarkItems is items of one stream.
func BenchmarkItems(b *testing.B) {
	s := newServer(b)
	check(b, call.HandleStream(s, "count", codec.MsgPack[int](), codec.MsgPack[int](), count))
	counts := call.NewCaller(join(b, s), "count", codec.MsgPack[int](), codec.MsgPack[int]())
	b.ReportAllocs()
	b.ResetTimer()
	for _, err := range counts.Stream(context.Background(), b.N&^1) {
		check(b, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}
