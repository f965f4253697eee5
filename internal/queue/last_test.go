package queue_test

import (
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// Prepend goes in front of what waits, whatever the marks say, and counts like
// any other.
func TestPrepend(t *testing.T) {
	for _, before := range [][]message{nil, {bodies(1, 5)}, {bodies(1, 5), bodies(2, queue.LargeBody, 3), bodies(3, 70_000)}} {
		for _, m := range []message{bodies(9, 3), bodies(9, queue.LargeBody), bodies(9, 1, 2, 300)} {
			q := queue.New(new(sync.Mutex), queue.Marks{Messages: 1}, false, nil)
			w := &waker{}
			add(q, before...)
			q.Lock()
			fits := len(before) == 0
			if q.Fits(1) != fits {
				t.Errorf("with %d messages in it, the queue has room: %v", len(before), !fits)
			}
			if wake := q.SetConsumer(w); (wake != nil) != (len(before) > 0) {
				t.Error("the consumer is to be woken for nothing, or not for what waits")
			}
			if wake := q.Prepend(m); (wake != nil) != (len(before) == 0) {
				t.Errorf("in front of %d messages the consumer is woken: %v", len(before), wake != nil)
			}
			q.Unlock()
			add(q, bodies(10, 4))
			all := append([]message{m}, before...)
			all = append(all, bodies(10, 4))
			if d := depth(q); d.Messages != len(all) || d.Total != uint64(len(all)) || d.Bytes != wireSize(all) || d.Waiting != len(all) {
				t.Errorf("depth %+v with %d messages of %d octets", d, len(all), wireSize(all))
			}
			mustEqual(t, readAll(queue.NewReader(q)), all)
			if d := depth(q); d.Messages != 0 || d.Bytes != 0 || d.Left != uint64(len(all)) {
				t.Errorf("depth %+v in the end", d)
			}
		}
	}
}

// A sealed reader takes one more message, behind what it has kept, and the budget
// counts it until it is read or thrown away.
func TestAppendToSealedReader(t *testing.T) {
	const limit = 1 << 20
	last := bodies(9, 3)
	for _, size := range []int{3, queue.LargeBody} {
		for _, kept := range []int{0, 1, 3} {
			for _, wiped := range []bool{false, true} {
				b := queue.NewBudget(limit)
				f := newInflow(t, b, queue.Marks{})
				f.take(kib(kept))
				f.r.Seal()
				f.r.Append(bodies(9, size))
				msgs, octets, d := f.r.Unread()
				if want := kept<<10 + wireSize([]message{bodies(9, size)}); msgs != kept+1 || octets != want || d.Total != uint64(kept+1) || d.Left != d.Total {
					t.Errorf("%d messages of %d octets, want %d of %d; depth %+v", msgs, octets, kept+1, want, d)
				}
				if n := b.Left(); n > limit-queue.Keep-size {
					t.Errorf("%d octets of %d are left, with %d messages kept", n, limit, msgs)
				}
				if wiped {
					if n := f.r.Wipe(); n != kept+1 {
						t.Errorf("%d messages were thrown away, want %d", n, kept+1)
					}
				} else {
					ms := readAll(f.r)
					if len(ms) != kept+1 {
						t.Fatalf("read %d messages, want %d", len(ms), kept+1)
					}
					mustEqual(t, ms[kept:], []message{bodies(9, size)})
				}
				if n := b.Left(); n != limit {
					t.Errorf("%d octets are left in the end, want %d", n, limit)
				}
			}
		}
	}
	q := unbounded() // as in process
	r := queue.NewReader(q)
	add(q, bodies(1, 5))
	r.Seal()
	r.Append(last)
	mustEqual(t, readAll(r), []message{bodies(1, 5), last})
}
