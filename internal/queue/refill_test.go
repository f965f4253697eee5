package queue_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// A spring is a producer that has a stream of messages, and lets some of it
// flow when a reader has emptied the queue.
type spring struct {
	*rand.Rand
	t       *testing.T
	d       *queue.Decoder
	stream  []byte
	refills int
	dry     bool // it has given nothing the last time
}

func (s *spring) Room(*queue.Queue) {}

func (s *spring) Refill(q *queue.Queue) {
	s.refills++
	if d := q.Depth(); d.Messages != 0 || d.Bytes != 0 || q.Full() {
		s.t.Errorf("asked for more with depth %+v, full: %t", d, q.Full())
	}
	before := q.Depth().Total
	if d := s.d.Undelivered(); d > 0 {
		s.d.Deliver(q)
	} else if s.IntN(4) > 0 {
		n := copy(s.d.Space(), s.stream[:min(len(s.stream), s.IntN(5000))])
		s.stream = s.stream[n:]
		if err := s.d.Scan(n); err != nil {
			s.t.Error(err)
		}
		s.d.Deliver(q)
	}
	s.dry = q.Depth().Total == before
}

// A reader asks for more whenever it would have nothing, and only then. What
// it gets is read like anything else, and once there is nothing the next
// message wakes the consumer.
func TestReaderRefills(t *testing.T) {
	for _, marks := range []queue.Marks{{}, {Messages: 1}, {Messages: 3}, {Messages: 64}, {Bytes: 1}, {Messages: 9, Bytes: 2000}} {
		t.Run(fmt.Sprintf("%+v", marks), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(5, 5))
			var want []message
			for i := range 400 {
				want = append(want, anyMessage(rnd, i))
			}
			s := &spring{Rand: rnd, t: t, d: queue.NewDecoder(queue.Limits{}, &handler{}, false), stream: wires(want)}
			q := queue.New(new(sync.Mutex), marks, false, s)
			w := &waker{}
			q.Lock()
			q.SetConsumer(w)
			q.Unlock()
			r := queue.NewReader(q)
			for i := 0; i < len(want); {
				had, _, _ := r.Unread()
				asked := s.refills
				raw := r.Next()
				if called := s.refills - asked; called > 1 || had > 0 && called > 0 || had == 0 && called == 0 {
					t.Fatalf("message %d: asked for more %d times with %d unread", i, called, had)
				}
				if raw == nil {
					if !s.dry {
						t.Fatalf("message %d: nothing, though more was given", i)
					}
					continue
				}
				if got := raw.AppendFrames(nil); !equal(got, want[i]) {
					t.Fatalf("message %d is %s, want %s", i, show(got), show(want[i]))
				}
				r.Done()
				i++
			}
			if raw := r.Next(); raw != nil {
				t.Fatal("a message too many")
			}
			q.Lock()
			wake := q.Append(nil, want[0])
			q.Unlock()
			if wake != w {
				t.Fatal("the message behind does not wake the consumer")
			}
			if n := r.Seal(); n != uint64(len(want)+1) {
				t.Errorf("sealed after %d messages, want %d", n, len(want)+1)
			}
			asked := s.refills
			r.Next()
			r.Done()
			if r.Next() != nil || s.refills != asked {
				t.Errorf("a sealed reader asks for more %d times", s.refills-asked)
			}
		})
	}
}
