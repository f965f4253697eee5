package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestShelfCollisions: topics of the same hash are told apart.
func TestShelfCollisions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	q := New(new(sync.Mutex), Marks{}, false, nil)
	q.SetConflateTopics(true)
	var want []string
	for step := range 5000 {
		topic := fmt.Sprint(r.IntN(12))
		if r.IntN(3) > 0 {
			s := q.slot(uint64(len(topic)), []byte(topic))
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
