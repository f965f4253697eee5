package queue_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// TestReader takes a random way through a Reader, and compares it with a list.
func TestReader(t *testing.T) {
	for _, marks := range []queue.Marks{{}, {Messages: 1}, {Messages: 10}, {Messages: 200}} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%+v, seed %d", marks, seed), func(t *testing.T) {
				q := queue.New(new(sync.Mutex), marks, false, nil)
				w := &waker{}
				q.Lock()
				q.SetConsumer(w)
				q.Unlock()
				s := &stroll{Rand: rand.New(rand.NewPCG(seed, 2)), q: q, r: queue.NewReader(q)}
				if s.r.Queue() != q {
					t.Fatal("reads from another queue")
				}
				for step := range 1000 {
					if wrong := s.step(step); wrong != "" {
						t.Fatalf("step %d: %s", step, wrong)
					}
				}
			})
		}
	}
}

// A stroll is the random way through a Reader and what it is compared with.
type stroll struct {
	*rand.Rand
	q      *queue.Queue
	r      *queue.Reader
	arena  queue.Arena
	unread []message // for the reader
	later  []message // in the queue after Seal
	total  int       // messages ever put into the queue
	end    int       // of these, those before Seal
	read   int
	wiped  int
	sealed bool
}

func (s *stroll) step(n int) (wrong string) {
	switch op := s.IntN(1000); {
	case op < 550:
		if wrong := s.next(); wrong != "" {
			return wrong
		}
	case op < 980:
		m := anyMessage(s.Rand, n)
		add(s.q, m)
		s.total++
		if s.sealed {
			s.later = append(s.later, m)
		} else {
			s.unread = append(s.unread, m)
		}
	case op < 995:
		if got := s.r.Wipe(); got != len(s.unread) {
			return fmt.Sprintf("wiped %d messages of %d", got, len(s.unread))
		}
		if s.wiped += len(s.unread); !s.sealed && depth(s.q).Messages != 0 {
			return fmt.Sprintf("depth %+v once all was wiped", depth(s.q))
		}
		s.unread = nil
	case op < 997:
		if wrong := s.seal(); wrong != "" {
			return wrong
		}
	}
	return s.compare()
}

// next reads a message, sometimes after a second look.
func (s *stroll) next() (wrong string) {
	raw := s.r.Next()
	if (raw == nil) != (len(s.unread) == 0) {
		return fmt.Sprintf("next gives %v with %d unread", raw, len(s.unread))
	}
	if raw == nil {
		if d := depth(s.q); !s.sealed && d.Messages > 0 {
			return fmt.Sprintf("all was read, the depth is %+v", d)
		}
		return ""
	}
	if s.IntN(4) == 0 {
		raw = s.r.Next()
	}
	want := s.unread[0]
	if raw.Frames() != len(want) || raw.Size() != wireSize([]message{want}) {
		return fmt.Sprintf("%d frames, %d octets, want %s", raw.Frames(), raw.Size(), show(want))
	}
	if got := raw.AppendFrames(nil); !equal(got, want) {
		return fmt.Sprintf("got %s, want %s", show(got), show(want))
	}
	if last := raw.Frame(len(want) - 1); !equal(message{last}, want[len(want)-1:]) {
		return fmt.Sprintf("last frame %s, want %s", show(message{last}), show(want))
	}
	if s.IntN(100) == 0 { // the connection ends while a message is looked at
		if wrong := s.seal(); wrong != "" {
			return wrong
		}
	}
	got := s.arena.Message(raw, nil, 0)
	s.r.Done()
	s.unread = s.unread[1:]
	s.read++
	if !equal(got, want) {
		return fmt.Sprintf("the arena made %s of %s", show(got), show(want))
	}
	return ""
}

func (s *stroll) seal() (wrong string) {
	if !s.sealed {
		s.end = s.total
	}
	if got := s.r.Seal(); got != uint64(s.end) {
		return fmt.Sprintf("sealed after %d messages, want %d", got, s.end)
	}
	if d := depth(s.q); !s.sealed && (d.Messages != 0 || d.Left != d.Total) {
		return fmt.Sprintf("depth %+v once it was sealed", d)
	}
	s.sealed = true
	return ""
}

func (s *stroll) compare() (wrong string) {
	msgs, size, d := s.r.Unread()
	if msgs != len(s.unread) || size != wireSize(s.unread) {
		return fmt.Sprintf("unread %d of %d octets, want %d of %d", msgs, size, len(s.unread), wireSize(s.unread))
	}
	if s.sealed {
		if want := (queue.Depth{Total: uint64(s.end), Left: uint64(s.end)}); d != want {
			return fmt.Sprintf("depth %+v, want that of the end, %+v", d, want)
		}
		d = depth(s.q)
	}
	if d.Total != uint64(s.total) || d.Left+uint64(d.Messages) != d.Total {
		return fmt.Sprintf("depth %+v of %d messages does not add up", d, s.total)
	}
	if s.sealed {
		if d.Messages != len(s.later) || d.Waiting != len(s.later) || d.Bytes != wireSize(s.later) {
			return fmt.Sprintf("depth %+v, want %d messages that came after the end", d, len(s.later))
		}
		return ""
	}
	if d.Messages < msgs || d.Bytes < size || d.Left > uint64(s.read+s.wiped) {
		return fmt.Sprintf("depth %+v, unread %d, read %d, wiped %d", d, msgs, s.read, s.wiped)
	}
	return ""
}

// A producer that waits for room is told of it while the reader still has
// messages at hand.
func TestReaderReleasesInSteps(t *testing.T) {
	for _, marks := range []queue.Marks{{Messages: 100}, {Messages: 7}, {Messages: 1}, {Bytes: 5000}, {Messages: 64, Bytes: 400}} {
		p := &producer{}
		q := queue.New(new(sync.Mutex), marks, false, p)
		r := queue.NewReader(q)
		held := 0
		q.Lock()
		for ; q.Fits(5); held++ {
			q.Append(nil, message{{1, 2, 3}})
		}
		q.Unlock()
		reads := 0
		for ; p.rooms == 0 && reads < held; reads++ {
			r.Next()
			r.Done()
		}
		if p.rooms == 0 {
			t.Errorf("%+v: all %d messages read and the producer not told", marks, held)
		}
		if marks.Bytes == 0 && reads > marks.Messages*2/3+1 {
			t.Errorf("%+v: %d of %d messages read before the producer is told", marks, reads, held)
		}
	}
}

// TestReaderSettles: what is done is released at once, what is at hand is not.
func TestReaderSettles(t *testing.T) {
	q := queue.New(new(sync.Mutex), queue.Marks{Messages: 100}, false, nil)
	for i := range 3 {
		add(q, bodies(i, 10))
	}
	r := queue.NewReader(q)
	for left := range uint64(3) {
		if r.Next() == nil {
			t.Fatal("no message")
		}
		q.Lock()
		r.Settle()
		d := q.Depth()
		q.Unlock()
		if d.Left != left || d.Messages != 3-int(left) {
			t.Errorf("with message %d at hand: %+v", left, d)
		}
		r.Done()
	}
}
