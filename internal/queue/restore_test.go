package queue_test

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// restored are messages for several batches, with large bodies at the start,
// in the middle and at the end of messages and of batches.
func restored() []message {
	ms := []message{
		bodies(1, 0), bodies(2, 255), bodies(3, 256, 0, 3), bodies(4, queue.LargeBody), bodies(5, 700),
		bodies(6, 1, queue.LargeBody+1, 2), bodies(7, queue.LargeBody, queue.LargeBody), bodies(8, 2000, 2),
	}
	for i := range 20 {
		ms = append(ms, bodies(10+i, 60, i))
	}
	for i := range 6 { // more than the largest pooled buffer
		ms = append(ms, bodies(60+i, 12_000))
	}
	return append(ms, bodies(70, 3, queue.LargeBody), bodies(71, 5))
}

// WT-104: wherever a connection breaks, the messages it took whole and those
// that are restored are all there were, each once, in order.
func TestRestoreAtEveryOctet(t *testing.T) {
	ms := restored()
	later := bodies(99, 4, 300)
	all := wires(ms)
	batches := 0
	written := 0
	start, end := 0, len(wire(ms[0])) // of the first message not written whole
	for taken := 0; taken <= len(all); taken++ {
		for end <= taken && written < len(ms) {
			written++
			start, end = end, end+len(wires(ms[written:min(written+1, len(ms))]))
		}
		q := queue.New(new(sync.Mutex), queue.Marks{}, false, nil)
		q.Lock()
		for _, m := range ms[:9] {
			q.Append(nil, m)
		}
		for _, m := range ms[9:] {
			q.Append(m[:1], m[1:])
		}
		first := q.Take()
		if taken == 0 {
			for b := first; b != nil; b = b.Next() {
				batches++
			}
		}
		if taken%2 == 0 {
			q.Append(nil, later)
		}
		if got := q.Restore(first, taken); got != written {
			t.Fatalf("%d octets taken: %d messages written, want %d", taken, got, written)
		}
		if taken%2 == 1 {
			q.Append(nil, later)
		}
		left := slices.Concat(ms[written:], []message{later})
		if d, want := q.Depth(), (queue.Depth{
			Messages: len(left), Waiting: len(left), Bytes: wireSize(left),
			Total: uint64(len(ms) + 1), Left: uint64(written),
		}); d != want {
			t.Fatalf("%d octets taken: depth %+v, want %+v", taken, d, want)
		}
		again := q.Take()
		for b := again; b != nil; b = b.Next() {
			if len(b.AppendBuffers(nil)) == 0 {
				t.Fatalf("%d octets taken: an empty batch is left", taken)
			}
		}
		if got := list(again); !bytes.HasPrefix(got, all[start:]) || !bytes.Equal(got[len(all)-start:], wire(later)) {
			t.Fatalf("%d octets taken: what is restored is not what was left", taken)
		}
		q.Sent(again)
		q.Unlock()
		// Well inside a message one place is like another.
		if inside := min(taken-start, end-taken); inside > 20 {
			taken += min(inside-20, 997)
		}
	}
	if batches < 3 {
		t.Errorf("%d batches, want 3 or more", batches)
	}
}
