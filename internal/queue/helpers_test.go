package queue_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// A message is what the application sends and gets.
type message = [][]byte

// body returns n octets that differ from seed to seed and from place to place.
func body(seed, n int) []byte {
	b := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

// bodies returns a message with frames of the given sizes.
func bodies(seed int, sizes ...int) message {
	m := make(message, len(sizes))
	for i, n := range sizes {
		m[i] = body(seed*17+i, n)
	}
	return m
}

// wire returns a message as ZMTP frames, in the form this library sends.
func wire(m message) []byte {
	var b []byte
	for i, f := range m {
		var flags byte
		if i < len(m)-1 {
			flags = zmtp.FlagMore
		}
		b = zmtp.AppendFrame(b, flags, f)
	}
	return b
}

func wires(ms []message) []byte {
	var b []byte
	for _, m := range ms {
		b = append(b, wire(m)...)
	}
	return b
}

// wireSize returns the octets of wires, without making them.
func wireSize(ms []message) (n int) {
	for _, m := range ms {
		for _, f := range m {
			n += 2 + len(f)
			if len(f) > 255 {
				n += 7 // the size takes 8 octets
			}
		}
	}
	return n
}

func clone(m message) message {
	c := make(message, len(m))
	for i, f := range m {
		c[i] = bytes.Clone(f)
	}
	return c
}

func equal(a, b message) bool { return slices.EqualFunc(a, b, bytes.Equal) }

// show describes a message by the sizes and first octets of its frames.
func show(m message) string {
	var s string
	for _, f := range m {
		s += fmt.Sprintf(" %d:%x", len(f), f[:min(8, len(f))])
	}
	return "[" + s + " ]"
}

// mustEqual fails t at the first message that is not as it should be.
func mustEqual(t testing.TB, got, want []message) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if !equal(got[i], want[i]) {
			t.Fatalf("message %d of %d is %s, want %s", i, len(want), show(got[i]), show(want[i]))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
}

// sizes are where something changes: the header, the pooled buffers, the
// blocks of the arena, the memory of large bodies.
var sizes = []int{
	0, 1, 2, 16, 24, 31, 100, 254, 255, 256, 257, 900, 1023, 1024, 1025, 2037, 2039, 2046, 2048, 5000,
	16<<10 - 10, 16<<10 - 1, 16 << 10, 16<<10 + 1, 40000, 64<<10 - 10, 64 << 10, 64<<10 + 1,
}

// anyMessage returns a message of one to five frames, mostly small ones.
func anyMessage(r *rand.Rand, seed int) message {
	n := 1
	if r.IntN(3) == 0 {
		n = 1 + r.IntN(5)
	}
	m := make(message, n)
	for i := range m {
		size := r.IntN(300)
		if r.IntN(12) == 0 {
			size = sizes[r.IntN(len(sizes))]
		}
		m[i] = body(seed*7+i, size)
	}
	return m
}

// list returns the octets of a list of batches as a connection gets them.
func list(b *queue.Batch) []byte {
	var all []byte
	for ; b != nil; b = b.Next() {
		for _, s := range b.AppendBuffers(nil) {
			all = append(all, s...)
		}
	}
	return all
}

// A waker counts how often it was woken.
type waker struct{ woken int }

func (w *waker) Wake() { w.woken++ }

// A producer counts how often a queue told it of room.
type producer struct{ rooms int }

func (p *producer) Room(*queue.Queue) { p.rooms++ }

func (p *producer) Refill(*queue.Queue) {}

// unbounded returns a queue that is never full.
func unbounded() *queue.Queue { return queue.New(new(sync.Mutex), queue.Marks{}, false, nil) }

// add appends messages to a queue, whatever its marks.
func add(q *queue.Queue, ms ...message) {
	q.Lock()
	defer q.Unlock()
	for _, m := range ms {
		q.Append(nil, m)
	}
}

func depth(q *queue.Queue) queue.Depth {
	q.Lock()
	defer q.Unlock()
	return q.Depth()
}

// readAll reads what there is, as copies.
func readAll(r *queue.Reader) (ms []message) {
	for m := r.Next(); m != nil; m = r.Next() {
		ms = append(ms, clone(m.AppendFrames(nil)))
		r.Done()
	}
	return ms
}
