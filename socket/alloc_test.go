package socket

import (
	"fmt"
	"testing"
)

// TestAllocations: what a message costs in allocations, on average over many,
// both sockets together.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	overAll(t, func(t *testing.T, scheme string) { allocations(t, scheme, Clear()) })
	t.Run("tcp, CURVE", func(t *testing.T) { allocations(t, "tcp", Encrypted()) })
}

func allocations(t *testing.T, scheme string, security Option) {
	const burst = 500 // below every high-water mark: nobody waits for long
	for _, size := range []int{16, 100, 256, 1 << 10} {
		ctx := t.Context()
		push, pull := closing(t, must(NewPush(security))), closing(t, must(NewPull(security)))
		linked(t, scheme, pull, push)
		body := make([]byte, size)
		var into Message
		send := func() {
			for range burst {
				if err := push.Send(ctx, body); err != nil {
					t.Fatal(err)
				}
			}
		}
		receiveInto := func() {
			for range burst {
				if err := pull.RecvInto(ctx, &into); err != nil {
					t.Fatal(err)
				}
			}
		}
		receive := func() {
			for range burst {
				if _, err := pull.Recv(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		each := func(receive func()) float64 {
			for range 4 { // let buffers grow to what the load asks for
				send()
				receive()
			}
			return testing.AllocsPerRun(20, func() { send(); receive() }) / burst
		}
		t.Run(fmt.Sprintf("Send, RecvInto of %d", size), func(t *testing.T) {
			// A pool that the collector has emptied is no allocation a message.
			if n := each(receiveInto); n > 0.005 {
				t.Errorf("%.4f allocations a message, want 0", n)
			}
		})
		t.Run(fmt.Sprintf("Send, Recv of %d", size), func(t *testing.T) {
			limit := 0.05
			if size > 256 {
				limit = 0.5 // a block of 8 KiB has room for a few of them
			}
			if n := each(receive); n > limit {
				t.Errorf("%.4f allocations a message, want at most %v", n, limit)
			}
		})
	}
}

// TestAllocationsOfServer: a request and its reply by number cost no allocation.
func TestAllocationsOfServer(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	overAll(t, func(t *testing.T, scheme string) {
		ctx := t.Context()
		client, server := closing(t, must(NewClient())), closing(t, must(NewServer()))
		linked(t, scheme, server, client)
		body := make([]byte, 100)
		var request, reply Message
		const burst = 200
		round := func() {
			for range burst {
				if err := client.Send(ctx, body); err != nil {
					t.Fatal(err)
				}
			}
			for range burst {
				p, err := server.RecvFromInto(ctx, &request)
				if err != nil {
					t.Fatal(err)
				}
				if err := server.SendTo(ctx, p.ID, request[0]); err != nil {
					t.Fatal(err)
				}
			}
			for range burst {
				if err := client.RecvInto(ctx, &reply); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 4 {
			round()
		}
		if n := testing.AllocsPerRun(20, round) / burst; n > 0.005 {
			t.Errorf("%.4f allocations a round trip, want 0", n)
		}
	})
}
