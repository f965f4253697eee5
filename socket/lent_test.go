package socket

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// filled returns a body of n octets that differs from i to i and from place to
// place.
func filled(i, n int) []byte {
	b := make([]byte, n)
	for j := range b {
		b[j] = byte(i*7 + j + j>>8)
	}
	return b
}

// A body handed out stays as it is, whatever else is received and sent in the
// process: from one publisher over all transports, by subscribers that keep
// everything beside others that give their memory back.
func TestReceivedBodiesStay(t *testing.T) {
	const large = queue.LargeBody
	sizes := []int{0, 100, large - 1, large, large + 1, 20480, 50_000, 64 << 10, 300_000}
	messages := 150
	if testing.Short() || raceEnabled {
		messages = 60
	}
	size := func(i int) int { return sizes[i%len(sizes)] + i/len(sizes) }
	pub := closing(t, must(NewPub(WithNoDrop())))
	var receiving sync.WaitGroup
	all := []string{"tcp", "tcp", "ipc", "inproc", "inproc"}
	for i, scheme := range all {
		sub := closing(t, must(NewSub()))
		endpoint := must(pub.Bind(anywhere(t, scheme)))
		if err := sub.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		if err := sub.Subscribe(""); err != nil {
			t.Fatal(err)
		}
		receiving.Go(func() {
			who := fmt.Sprintf("subscriber %d over %s", i, scheme)
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			var into Message
			var held []Message
			var want []int
			for n := range messages {
				keep := i%2 == 0 || rnd.IntN(3) == 0
				var m Message
				var err error
				if keep && rnd.IntN(2) == 0 {
					m, err = sub.Recv(bounded(t))
				} else {
					err = sub.RecvInto(bounded(t), &into)
					if m = into; keep {
						into = nil
					}
				}
				if err != nil {
					t.Errorf("%s: message %d: %v", who, n, err)
					return
				}
				if len(m) != 2 || !bytes.Equal(m[1], filled(n, size(n))) {
					t.Errorf("%s: message %d changed on its way", who, n)
					return
				}
				if keep {
					held, want = append(held, m), append(want, n)
				}
			}
			for j, m := range held {
				if n := want[j]; len(m) != 2 || string(m[0]) != fmt.Sprint(n) || !bytes.Equal(m[1], filled(n, size(n))) {
					t.Errorf("%s: message %d changed after it was received", who, n)
				}
			}
		})
	}
	if err := pub.WaitSubscribers(bounded(t), "", len(all)); err != nil {
		t.Fatal(err)
	}
	for n := range messages {
		body := filled(n, size(n))
		if err := pub.Send(bounded(t), []byte(fmt.Sprint(n)), body); err != nil {
			t.Fatal(err)
		}
		clear(body) // it is copied before Send returns
	}
	receiving.Wait()
}

// Memory of the application's own that was given to RecvInto is written during
// that call at most: never after it.
func TestRecvIntoLeavesGivenMemory(t *testing.T) {
	overAll(t, func(t *testing.T, scheme string) {
		push, pull := closing(t, must(NewPush())), closing(t, must(NewPull()))
		linked(t, scheme, pull, push)
		rnd := rand.New(rand.NewPCG(1, 1))
		var given, then [][]byte
		for n := range 100 {
			size := []int{10, queue.LargeBody, 40_000, 70_000}[rnd.IntN(4)]
			if err := push.Send(bounded(t), filled(n, size)); err != nil {
				t.Fatal(err)
			}
			own := make([]byte, []int{10, queue.LargeBody, 40_000, 80_000}[rnd.IntN(4)])
			into := Message{own}
			if err := pull.RecvInto(bounded(t), &into); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(into[0], filled(n, size)) {
				t.Fatalf("message %d changed on its way", n)
			}
			given, then = append(given, own, into[0]), append(then, slices.Clone(own), slices.Clone(into[0]))
		}
		for i := range given {
			if !bytes.Equal(given[i], then[i]) {
				t.Fatalf("memory %d was written after the call that it was given to", i)
			}
		}
	})
}

// Large messages allocate nothing either, on both sides together, once there is
// memory for them.
func TestLargeAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets under the race detector")
	}
	overAll(t, func(t *testing.T, scheme string) {
		for _, size := range []int{queue.LargeBody, 64 << 10, 1 << 20} {
			push, pull := closing(t, must(NewPush())), closing(t, must(NewPull()))
			linked(t, scheme, pull, push)
			body := make([]byte, size)
			var into Message
			once := func() {
				if err := push.Send(t.Context(), body); err != nil {
					t.Fatal(err)
				}
				if err := pull.RecvInto(t.Context(), &into); err != nil {
					t.Fatal(err)
				}
			}
			for range 10 {
				once()
			}
			// The mean is rounded down: the collector may empty a pool now and then.
			if n := testing.AllocsPerRun(100, once); n > 0 {
				t.Errorf("%s, %d octets: %.2f allocations a message", scheme, size, n)
			}
		}
	})
}
