package queue_test

import (
	"bytes"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// One Packed goes to many queues, and is used again for the next message,
// which changes nothing in those queues.
func TestPackedAgainAndAgain(t *testing.T) {
	var p queue.Packed
	qs := []*queue.Queue{unbounded(), unbounded(), unbounded()}
	add(qs[1], bodies(1000, 500)) // the positions of large bodies differ
	want := make([][]message, len(qs))
	want[1] = []message{bodies(1000, 500)}
	for i, n := range append(sizes, 200_000, 3) {
		m := bodies(i, n, 7, n)
		p.Set(m)
		if p.Size() != len(wire(m)) {
			t.Errorf("size %d of a message of %d octets", p.Size(), len(wire(m)))
		}
		for j, q := range qs {
			if i%(j+1) > 0 {
				continue
			}
			q.Lock()
			q.AppendPacked(&p)
			q.Unlock()
			want[j] = append(want[j], m)
		}
	}
	for j, q := range qs {
		mustEqual(t, readAll(queue.NewReader(q)), want[j])
	}
}

// A body that several queues share is nobody's to give away: each application
// gets a copy. One that a single queue holds is handed over.
func TestSharedBodies(t *testing.T) {
	m := bodies(1, 10, queue.LargeBody, queue.LargeBody-1, 50_000)
	var p queue.Packed
	p.Set(m)
	tests := []struct {
		name   string
		shared bool
		add    func(q *queue.Queue)
	}{
		{"Append", false, func(q *queue.Queue) { q.Append(nil, m) }},
		{"AppendPacked", true, func(q *queue.Queue) { q.AppendPacked(&p) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []message
			for range 2 {
				q := unbounded()
				q.Lock()
				tt.add(q)
				tt.add(q)
				q.Unlock()
				r := queue.NewReader(q)
				var arena queue.Arena
				var raws [4]bool // whether frame i was handed over
				for _, get := range []func(*queue.Raw) message{
					func(raw *queue.Raw) message { return arena.Message(raw, nil, 0) },
					func(raw *queue.Raw) message { return new(queue.Loans).Into(raw, nil, nil, 0) },
				} {
					raw := r.Next()
					own := get(raw)
					for i := range own {
						raws[i] = &own[i][0] == &raw.Frame(i)[0]
					}
					r.Done()
					if want := [4]bool{1: !tt.shared, 3: !tt.shared}; raws != want {
						t.Errorf("handed over: %v, want %v", raws, want)
					}
					got = append(got, own)
				}
			}
			for i, own := range got {
				if !equal(own, m) {
					t.Fatalf("message %d is %s, want %s", i, show(own), show(m))
				}
				for _, f := range own {
					copy(f, bytes.Repeat([]byte{0xEE}, len(f)))
				}
			}
		})
	}
}
