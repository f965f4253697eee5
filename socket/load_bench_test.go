package socket_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// BenchmarkLeastLoaded is TestLeastLoadedLatency over TCP and in the time that it
// takes. Run it with -benchtime 2000x, on a machine that has nothing else to do.
func BenchmarkLeastLoaded(b *testing.B) {
	var best time.Duration
	report := func(b *testing.B, p99 time.Duration, slow float64) {
		b.Helper()
		b.ReportMetric(p99.Seconds()*1e3, "p99-ms")
		b.ReportMetric(float64(p99)/float64(best), "x-ideal")
		b.ReportMetric(100*slow, "slow-%")
		b.ReportMetric(0, "ns/op")
	}
	link := func(b *testing.B, h hub, w anySocket) {
		b.Helper()
		endpoint, err := h.Bind("tcp://127.0.0.1:0")
		if err == nil {
			err = w.Connect(endpoint)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("ideal", func(b *testing.B) {
		best = min(oneQueue(b, b.N), oneQueue(b, b.N), oneQueue(b, b.N))
		report(b, best, 0)
	})
	for _, c := range []struct {
		name string
		opts []socket.BalanceOption
	}{
		{"in turn", nil},
		{"least loaded", []socket.BalanceOption{socket.WithLeastLoaded()}},
		{"max load 2", []socket.BalanceOption{socket.WithMaxLoad(2)}},
		{"max load 1", []socket.BalanceOption{socket.WithMaxLoad(1)}},
	} {
		b.Run("DEALER/"+c.name, func(b *testing.B) {
			opts := []socket.DealerOption{socket.WithSendHWM(0)}
			for _, o := range c.opts {
				opts = append(opts, o)
			}
			p99, slow := sharedByDealer(b, b.N, func(h hub, w *socket.Dealer) { link(b, h, w) }, opts...)
			report(b, p99, slow)
		})
		for _, mark := range []int{1, 1000} {
			b.Run(fmt.Sprintf("PUSH/%s/mark %d", c.name, mark), func(b *testing.B) {
				opts := []socket.PushOption{socket.WithSendHWM(0)}
				for _, o := range c.opts {
					opts = append(opts, o)
				}
				p99, slow := sharedByPush(b, b.N, mark, func(h hub, w *socket.Pull) { link(b, h, w) }, opts...)
				report(b, p99, slow)
			})
		}
	}
}
