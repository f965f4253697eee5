package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestShelfMemory: a peer cannot have us keep much by large messages that small
// ones replace, for what they took is counted no more.
func TestShelfMemory(t *testing.T) {
	q := New(new(sync.Mutex), Marks{}, false, nil)
	q.SetConflateTopics(true)
	frame := make([]byte, LargeBody-1)
	memory := func() (octets int) {
		for s := q.shelf.first; s != nil; s = s.next {
			octets += cap(s.packed.b.buf)
		}
		return octets
	}
	const topics = 100
	for range 2 {
		for i := range topics {
			q.Append(nil, [][]byte{fmt.Append(nil, i), frame, frame, frame})
		}
		if n := memory(); n < topics*3*len(frame) {
			t.Fatalf("%d octets", n)
		}
		for i := range topics {
			q.Append(nil, [][]byte{fmt.Append(nil, i)})
		}
		if n := memory(); n > topics*smallBuffer {
			t.Fatalf("%d octets of memory for %d", n, q.size)
		}
		q.Clear()
	}
}

// TestShelfCollisions: topics of the same hash are told apart.
func TestShelfCollisions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	q := New(new(sync.Mutex), Marks{}, false, nil)
	q.SetConflateTopics(true)
	var want []string
	for step := range 5000 {
		topic := fmt.Sprint(r.IntN(12))
		if r.IntN(3) > 0 {
			s := q.slot(uint64(len(topic)), []byte(topic), 2+len(topic))
			s.packed.Set([][]byte{[]byte(topic)})
			q.shelved(s)
			if !slices.Contains(want, topic) {
				want = append(want, topic)
			}
		} else if len(want) > 0 {
			got := string(q.shelf.first.packed.topic())
			if q.discard(); got != want[0] {
				t.Fatalf("step %d: %q left, want %q", step, got, want[0])
			}
			want = want[1:]
		}
		if n, _ := q.onShelf(); n != len(want) || len(q.shelf.index) > 2 || (n == 0) != (len(q.shelf.index) == 0) {
			t.Fatalf("step %d: %d on the shelf, want %d", step, n, len(want))
		}
	}
}
