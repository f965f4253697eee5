package socket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// TestChurnOfServer: many CLIENT peers come, send to a SERVER that sends each
// message back by its number, and go; some wait for the echoes, others leave them
// unread. Each comes once, in order, and to none but its sender; and of each peer
// that has left the end is received, once, behind its last message.
func TestChurnOfServer(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		a := newAudit(t)
		server := must(NewServer(WithLinger(0), WithSendHWM(50), WithDisconnectMessage([]byte("bye"))))
		a.open("SERVER", server)
		endpoint := must(server.Bind(anywhere(t, scheme)))
		stop, cancel := context.WithCancel(t.Context())
		book := newLedger(t, "SERVER")
		var echoing sync.WaitGroup
		left := make(map[PeerID]bool)
		echoing.Go(func() {
			for {
				m, p, err := server.RecvFrom(stop)
				if err != nil {
					return
				}
				if left[p.ID] {
					t.Errorf("%v of %d, which has left", m, p.ID.RoutingID())
				}
				if string(m[0]) == "bye" {
					left[p.ID] = true
					continue
				}
				book.enter(unstamp(t, m[0]))
				if err := server.SendTo(stop, p.ID, m...); err != nil && !errors.Is(err, ErrNoRoute) && stop.Err() == nil {
					t.Error(err)
				}
			}
		})
		var sent atomic.Int64
		churn(t, func(t *testing.T, i int) {
			client := must(NewClient(WithSendHWM(20), WithRecvHWM(20), quickRedial))
			a.open(fmt.Sprint("CLIENT ", i), client)
			if err := client.Connect(endpoint); err != nil {
				t.Error(err)
			}
			n, stays := rand.IntN(100), rand.IntN(2) == 0
			var sending sync.WaitGroup
			sending.Go(func() {
				for number := range n {
					ctx, cancel := limited(t)
					if err := client.Send(ctx, stamp(i, number)); err != nil {
						t.Error(err)
					}
					cancel()
				}
			})
			echoes := newLedger(t, fmt.Sprint("CLIENT ", i))
			for stays && echoes.total < n {
				ctx, cancel := limited(t)
				m, err := client.Recv(ctx)
				cancel()
				if err != nil {
					t.Error(err)
					break
				}
				who, number := unstamp(t, m[0])
				if who != i || number != echoes.total {
					t.Errorf("CLIENT %d received the echo of message %d of %d, want %d", i, number, who, echoes.total)
				}
				echoes.enter(who, number)
			}
			sending.Wait()
			sent.Add(int64(n))
			ctx, cancel := limited(t)
			unsent(t, client.Shutdown(ctx), 0)
			cancel()
			if out := a.finish(client).Out; out.Messages != uint64(n) || out.Delivered != uint64(n) {
				t.Errorf("CLIENT %d sent %d: %+v", i, n, out)
			}
		})
		within(t, func() bool {
			st := server.Stats()
			return st.Peers == 0 && st.In.Queued == 0 && st.In.Delivered == uint64(sent.Load())+st.Lost
		})
		cancel()
		echoing.Wait()
		st := server.Stats()
		server.Close()
		a.finish(server)
		if int64(book.total) != sent.Load() || uint64(len(left)) != st.Lost || len(left) == 0 {
			t.Errorf("%d sent, %d received; %d peers left, the ends of %d were received", sent.Load(), book.total, st.Lost, len(left))
		}
	})
}
