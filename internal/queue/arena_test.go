package queue_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// raw returns m as it stands in a queue, and the reader that has it.
func raw(m message) (*queue.Raw, *queue.Reader) {
	q := unbounded()
	add(q, m)
	r := queue.NewReader(q)
	first := r.Next()
	return first, r
}

// What Message and Into return is the message without the frames left out and
// with the prefix, whatever the sizes.
func TestArenaFrames(t *testing.T) {
	var arena queue.Arena
	var lent message
	prefixes := [][]byte{nil, {}, []byte("id"), body(9, 1100)}
	for i, n := range sizes {
		many := slices.Repeat([]int{n % 300}, 20)
		for _, m := range []message{bodies(i, n), bodies(i, n, 0), bodies(i, 3, n, 4), bodies(i, 0, n, n, 1), bodies(i, many...)} {
			raw, r := raw(m)
			for _, prefix := range prefixes {
				for skip := range len(m) {
					want := slices.Clone(m[skip:])
					if prefix != nil {
						want = append(message{prefix}, want...)
					}
					got := arena.Message(raw, prefix, skip)
					mustEqual(t, []message{got}, []message{want})
					for j, f := range got {
						if f == nil {
							t.Fatalf("frame %d of %s is nil", j, show(m))
						}
					}
					if lent = new(queue.Loans).Into(raw, lent, prefix, skip); !equal(lent, want) {
						t.Fatalf("into: %s, want %s", show(lent), show(want))
					}
					if got := new(queue.Loans).Into(raw, make(message, 1), prefix, skip); !equal(got, want) {
						t.Fatalf("into new memory: %s, want %s", show(got), show(want))
					}
					// The same large body is handed over each time: it is not ours to lend.
					lent = keepSmall(lent)
				}
			}
			r.Done()
		}
	}
}

// keepSmall takes the large bodies out of what is lent.
func keepSmall(m message) message {
	for i := range m {
		if len(m[i]) >= queue.LargeBody {
			m[i] = nil
		}
	}
	return m
}

// Into uses again what it is given: the frames, and their memory.
func TestIntoReuses(t *testing.T) {
	long, short := bodies(1, 500, 10, 300), bodies(2, 10, 400)
	r1, _ := raw(long)
	r2, _ := raw(short)
	m := new(queue.Loans).Into(r1, nil, nil, 0)
	first, second := &m[0], &m[0][0]
	m = new(queue.Loans).Into(r2, m, nil, 0)
	if !equal(m, short) || &m[0] != first || &m[0][0] != second {
		t.Errorf("into: %s, want %s in the memory given", show(m), show(short))
	}
	third := &m[:3][2][0]
	m = new(queue.Loans).Into(r1, m, nil, 0)
	if !equal(m, long) || &m[2][0] != third {
		t.Errorf("into: %s, want %s in the memory given", show(m), show(long))
	}
}

// What the arena gave stays as it is whatever comes after, and whatever the
// application does to its other messages.
func TestArenaMessagesAreTheirOwners(t *testing.T) {
	const count = 5000
	r := rand.New(rand.NewPCG(5, 5))
	var arena queue.Arena
	var packed queue.Packed
	q := unbounded()
	reader := queue.NewReader(q)
	var got, want []message
	for i := range count {
		m := anyMessage(r, i)
		if r.IntN(50) == 0 {
			m = bodies(i, slices.Repeat([]int{r.IntN(60)}, 1+r.IntN(40))...)
		}
		q.Lock()
		if r.IntN(2) == 0 {
			packed.Set(m)
			q.AppendPacked(&packed)
		} else {
			q.Append(nil, m)
		}
		q.Unlock()
		var prefix []byte
		skip := 0
		if r.IntN(3) == 0 {
			prefix = body(i+count, r.IntN(10))
		}
		if r.IntN(3) == 0 {
			skip = r.IntN(len(m))
		}
		out := arena.Message(reader.Next(), prefix, skip)
		reader.Done()
		m = m[skip:]
		if prefix != nil {
			m = append(message{prefix}, m...)
		}
		got, want = append(got, out), append(want, m)
		older := max(0, i-r.IntN(30)) // the next ones of its block are there by now
		switch r.IntN(4) {
		case 0: // Written over.
			for j, f := range got[older] {
				clear(f)
				want[older][j] = make([]byte, len(f))
			}
		case 1: // Made longer: neither frames nor bodies may run into others.
			for j, f := range got[older] {
				_ = append(f, body(j, 50)...)
			}
			_ = append(got[older], body(1, 3), body(2, 3))
		}
	}
	mustEqual(t, got, want)
}

// What a kept message keeps beside it: its block.
func TestArenaPins(t *testing.T) {
	const kept = 100
	for _, n := range []int{0, 16, 32, 33, 129, 256, 301, 1000, 1100} {
		for _, large := range []int{0, queue.LargeBody, 100_000} {
			t.Run(fmt.Sprintf("%d beside %d", n, large), func(t *testing.T) {
				small, r1 := raw(bodies(1, n))
				var arena queue.Arena
				keep := make([]message, 0, kept)
				before := heap()
				for len(keep) < kept {
					keep = append(keep, arena.Message(small, nil, 0))
					if large > 0 {
						// The memory of a body that was handed over goes with its message.
						big, _ := raw(bodies(2, 10, large))
						arena.Message(big, nil, 0)
					}
					for range 200 { // more than a block holds
						arena.Message(small, nil, 0)
					}
				}
				each := (int(heap()) - int(before)) / kept
				if limit := 8<<10 + n + 100; each > limit {
					t.Errorf("a message of %d octets keeps %d, want at most 8 KiB beside it", n, each)
				}
				runtime.KeepAlive(keep)
				runtime.KeepAlive(r1)
			})
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // the second also empties what sync.Pool kept for one more
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

func TestAllocations(t *testing.T) {
	const messages = 1000
	tests := []struct {
		name string
		raws []message
	}{
		{"empty", []message{bodies(1, 0)}},
		{"16", []message{bodies(1, 16)}},
		{"32", []message{bodies(1, 32)}},
		{"33", []message{bodies(1, 33)}},
		{"100", []message{bodies(1, 100)}},
		{"129", []message{bodies(1, 129)}},
		{"256", []message{bodies(1, 256)}},
		{"two frames", []message{bodies(1, 0, 100)}},
		{"mixed", []message{bodies(1, 0), bodies(1, 256), bodies(1, 1), bodies(1, 128)}},
		{"mixed with large ones in between", append(slices.Repeat([]message{bodies(1, 100)}, 500), bodies(1, 20_000))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raws := make([]*queue.Raw, len(tt.raws))
			for i, m := range tt.raws {
				raws[i], _ = raw(m)
			}
			var arena queue.Arena
			var last message
			each := testing.AllocsPerRun(20, func() {
				for i := range messages {
					last = arena.Message(raws[i%len(raws)], nil, 0)
				}
			}) / messages
			if each > 0.05 {
				t.Errorf("Message: %.3f allocations a message, want at most 0.05", each)
			}
			last = nil
			each = testing.AllocsPerRun(20, func() {
				for i := range messages {
					last = new(queue.Loans).Into(raws[i%len(raws)], last, []byte("id"), 0)
				}
			})
			if each > 0 {
				t.Errorf("Into: %v allocations in %d messages", each, messages)
			}
		})
	}
}
