package queue_test

import (
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// batch is how many messages pass at once.
const batch = 200

// pass moves batch messages through q, as a writer does.
func pass(q *queue.Queue, m message) {
	for range batch {
		q.Lock()
		if q.Fits(queue.WireSize(m)) {
			q.Append(nil, m)
		}
		q.Unlock()
	}
	q.Lock()
	taken := q.Take()
	q.Unlock()
	q.Lock()
	q.Sent(taken)
	q.Unlock()
}

// Sending allocates nothing once the pools are filled.
func TestAppendAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets under the race detector")
	}
	for _, n := range []int{0, 16, 100, 255, 256, 1024, queue.LargeBody - 1} {
		q := unbounded()
		m := bodies(1, n, n)
		if each := testing.AllocsPerRun(50, func() { pass(q, m) }) / batch; each > 0.01 {
			t.Errorf("two frames of %d octets: %.3f allocations a message", n, each)
		}
	}
}

func eachSize(b *testing.B, run func(b *testing.B, m message)) {
	b.Helper()
	for _, n := range []int{16, 100, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			run(b, bodies(1, n))
		})
	}
}

// One operation of each benchmark is one message.

func BenchmarkAppendTakeRelease(b *testing.B) {
	eachSize(b, func(b *testing.B, m message) {
		b.Helper()
		q := unbounded()
		for done := 0; done < b.N; done += batch {
			pass(q, m)
		}
	})
}

func BenchmarkAppendPacked(b *testing.B) {
	eachSize(b, func(b *testing.B, m message) {
		b.Helper()
		q := unbounded()
		var p queue.Packed
		p.Set(m)
		for done := 0; done < b.N; done += batch {
			q.Lock()
			for range batch {
				q.AppendPacked(&p)
			}
			q.Sent(q.Take())
			q.Unlock()
		}
	})
}

func BenchmarkDecoder(b *testing.B) {
	eachSize(b, func(b *testing.B, m message) {
		b.Helper()
		d := queue.NewDecoder(queue.Limits{}, &handler{}, false)
		q := unbounded()
		w := wire(m)
		var stream []byte
		for range batch {
			stream = append(stream, w...)
		}
		for done := 0; done < b.N; done += batch {
			for rest := stream; len(rest) > 0; {
				n := copy(d.Space(), rest)
				rest = rest[n:]
				if err := d.Scan(n); err != nil {
					b.Fatal(err)
				}
				q.Lock()
				d.Deliver(q)
				q.Unlock()
			}
			q.Lock()
			q.Sent(q.Take())
			q.Unlock()
		}
		d.Free()
	})
}

// benchmarkReader reads the messages of a queue with get; filling the queue is
// part of what is measured, as BenchmarkAppendPacked shows it alone.
func benchmarkReader(b *testing.B, get func(raw *queue.Raw)) {
	b.Helper()
	eachSize(b, func(b *testing.B, m message) {
		b.Helper()
		q := unbounded()
		r := queue.NewReader(q)
		var p queue.Packed
		p.Set(m)
		for done := 0; done < b.N; done += batch {
			q.Lock()
			for range batch {
				q.AppendPacked(&p)
			}
			q.Unlock()
			for raw := r.Next(); raw != nil; raw = r.Next() {
				get(raw)
				r.Done()
			}
		}
	})
}

func BenchmarkReaderArena(b *testing.B) {
	var arena queue.Arena
	benchmarkReader(b, func(raw *queue.Raw) { arena.Message(raw, nil, 0) })
}

func BenchmarkReaderInto(b *testing.B) {
	var m message
	benchmarkReader(b, func(raw *queue.Raw) { m = new(queue.Loans).Into(raw, m, nil, 0) })
}
