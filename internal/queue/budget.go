package queue

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Share is how many octets a queue with a [Budget] may hold in any case. An empty
// one takes any one message, besides.
const Share = 64 << 10

// Keep is what is counted, beside its buffers, for each queue whose producer is
// gone: what is kept with it.
const Keep = 4 << 10

// A Budget bounds what many queues hold together, as far as they have more than
// their Share, and what is left in those whose producers are gone. Those who read
// for a queue are its own affair; the count is kept batch by batch. It is safe for
// concurrent use. A nil Budget has no limit and counts nothing.
type Budget struct {
	limit int64
	live  atomic.Int64 // octets on the wire in queues that have a producer
	gone  atomic.Int64 // octets of memory in those that have none

	mu      sync.Mutex // a leaf
	waiting []Waker    // for gone to fall below the limit
}

// NewBudget returns a budget of so many octets; 0 is no limit, and gives nil.
func NewBudget(octets int) *Budget {
	if octets == 0 {
		return nil
	}
	return &Budget{limit: int64(octets)}
}

// Left returns how many octets are left, which may be less than none.
func (b *Budget) Left() int {
	if b == nil {
		return math.MaxInt
	}
	return int(b.limit - b.live.Load() - b.gone.Load())
}

// Charge counts n octets more of queues that have a producer, or less.
func (b *Budget) Charge(n int) {
	if b != nil {
		b.live.Add(int64(n))
	}
}

// Leave counts n octets more that have been left behind.
func (b *Budget) Leave(n int) {
	if b != nil {
		b.gone.Add(int64(n))
	}
}

// Return counts n octets less that have been left behind, and wakes those who
// wait for it.
func (b *Budget) Return(n int) {
	if b == nil || b.gone.Add(-int64(n)) >= b.limit {
		return
	}
	b.mu.Lock()
	waiting := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for _, w := range waiting {
		w.Wake()
	}
}

// Hold reports whether a new producer has to wait, because what has been left
// behind is above the limit. Then w is woken once when it is so no more.
func (b *Budget) Hold(w Waker) bool {
	if b == nil || b.gone.Load() < b.limit {
		return false
	}
	b.mu.Lock()
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	if b.gone.Load() < b.limit { // perhaps nobody saw w there
		b.Forget(w)
		return false
	}
	return true
}

// Forget is Hold undone.
func (b *Budget) Forget(w Waker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, w); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
}
