package queue_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// A model is what a Queue is meant to be, as plainly as it can be said.
type model struct {
	marks     queue.Marks
	conflate  bool
	waiting   []message
	taken     []message // by the consumer, neither released nor restored
	full      bool
	asleep    bool
	rooms     int
	total     uint64
	left      uint64
	conflated uint64
	cleared   uint64
	evicted   uint64
}

func (m *model) msgs() int { return len(m.waiting) + len(m.taken) }
func (m *model) size() int { return wireSize(m.waiting) + wireSize(m.taken) }

func (m *model) fits(size int) bool {
	if m.conflate {
		return true
	}
	messages := m.marks.Messages == 0 || m.msgs() < m.marks.Messages
	octets := m.marks.Bytes == 0 || m.size()+size <= m.marks.Bytes || m.msgs() == 0
	m.full = m.full || !messages || !octets
	return !m.full
}

// evict drops the oldest that wait until there is room for one more, whatever has
// been taken.
func (m *model) evict(size int) (n int) {
	for len(m.waiting) > 0 && (m.marks.Messages > 0 && len(m.waiting) >= m.marks.Messages ||
		m.marks.Bytes > 0 && wireSize(m.waiting)+size > m.marks.Bytes) {
		m.waiting = m.waiting[1:]
		n++
	}
	m.evicted += uint64(n)
	return n
}

// room is called whenever there may be room: a full queue has some once it is
// half empty.
func (m *model) room() {
	messages := m.marks.Messages == 0 || m.msgs() <= m.marks.Messages/2
	octets := m.marks.Bytes == 0 || m.size() <= m.marks.Bytes/2
	if m.full && messages && octets {
		m.full = false
		m.rooms++
	}
}

// add reports whether the consumer is to be woken.
func (m *model) add(msg message) bool {
	if m.conflate {
		m.conflated += uint64(len(m.waiting))
		m.waiting = nil
	}
	m.waiting = append(m.waiting, msg)
	m.total++
	woken := m.asleep
	m.asleep = false
	return woken
}

// raised is called when the marks have changed: a full queue below them has room.
func (m *model) raised() {
	messages := m.marks.Messages == 0 || m.msgs() < m.marks.Messages
	octets := m.marks.Bytes == 0 || m.size() < m.marks.Bytes
	if m.full && messages && octets {
		m.full = false
		m.rooms++
	}
}

// restore returns how many messages lie whole within the octets given.
func (m *model) restore(octets int) (written int) {
	for written < len(m.taken) && octets >= wireSize(m.taken[written:written+1]) {
		octets -= wireSize(m.taken[written : written+1])
		written++
	}
	rest := m.taken[written:]
	m.taken = nil
	m.left += uint64(written)
	m.waiting = slices.Concat(rest, m.waiting)
	if older := len(m.waiting) - 1; m.conflate && older > 0 {
		m.conflated += uint64(older)
		m.waiting = m.waiting[older:]
	}
	m.room()
	return written
}

// take moves what waits behind what is taken.
func (m *model) take() {
	m.asleep = m.asleep || len(m.waiting) == 0
	m.taken, m.waiting = slices.Concat(m.taken, m.waiting), nil
}

// sent says that all that was taken has been written.
func (m *model) sent() {
	m.left += uint64(len(m.taken))
	m.taken = nil
	m.room()
}

// short reports whether what waits has at most n octets, all of them in small
// bodies. How many buffers it stands in is not known here.
func (m *model) short(n int) bool {
	for _, msg := range m.waiting {
		for _, f := range msg {
			if len(f) >= queue.LargeBody {
				return false
			}
		}
	}
	return len(m.waiting) > 0 && wireSize(m.waiting) <= n
}

func (m *model) depth() queue.Depth {
	return queue.Depth{
		Messages: m.msgs(), Bytes: m.size(), Waiting: len(m.waiting),
		Total: m.total, Left: m.left, Conflated: m.conflated,
	}
}

// TestModel does the same at random to a Queue and to its model, and compares
// all that can be seen after each step.
func TestModel(t *testing.T) {
	marks := []queue.Marks{
		{},
		{Messages: 1},
		{Messages: 2},
		{Messages: 9},
		{Messages: 100},
		{Bytes: 1},
		{Bytes: 3000},
		{Messages: 50, Bytes: 100_000},
	}
	for i, mk := range marks {
		for _, conflate := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v, conflate %t", mk, conflate), func(t *testing.T) {
				steps := 3000
				if testing.Short() {
					steps = 500
				}
				x := &walk{
					Rand: rand.New(rand.NewPCG(uint64(i), 1)), p: &producer{}, w: &waker{},
					m: model{marks: mk, conflate: conflate, asleep: true},
				}
				x.q = queue.New(new(sync.Mutex), mk, conflate, x.p)
				x.q.Lock()
				x.q.SetConsumer(x.w)
				x.q.Unlock()
				for step := range steps {
					if what := x.step(step, marks); what != "" {
						t.Fatalf("step %d: %s", step, what)
					}
				}
			})
		}
	}
}

// A walk is the random way through a Queue and its model.
type walk struct {
	*rand.Rand
	q    *queue.Queue
	m    model
	p    *producer
	w    *waker
	list *queue.Batch // taken
	pack queue.Packed
}

// step does one thing, and returns what is wrong after it.
func (x *walk) step(n int, marks []queue.Marks) (wrong string) {
	q, m := x.q, &x.m
	q.Lock()
	defer q.Unlock()
	switch op := x.IntN(100); {
	case op < 55:
		msg := anyMessage(x.Rand, n)
		if fits := q.Fits(queue.WireSize(msg)); fits != m.fits(wireSize([]message{msg})) {
			return fmt.Sprintf("fits is %t", fits)
		} else if !fits && x.IntN(3) == 0 {
			break
		} else if !fits {
			if got, want := q.Evict(queue.WireSize(msg)), m.evict(wireSize([]message{msg})); got != want {
				return fmt.Sprintf("%d evicted, want %d", got, want)
			}
		}
		var wake queue.Waker
		switch cut := x.IntN(len(msg) + 1); {
		case x.IntN(2) == 0:
			x.pack.Set(msg)
			if x.pack.Size() != wireSize([]message{msg}) {
				return fmt.Sprintf("packed size %d of %s", x.pack.Size(), show(msg))
			}
			wake = q.AppendPacked(&x.pack)
		default:
			wake = q.Append(msg[:cut], msg[cut:])
		}
		if m.add(msg) != (wake != nil) {
			return fmt.Sprintf("woken: %t", wake != nil)
		}
	case op < 70 && x.list == nil:
		short := q.Short(8 << 10)
		if fits := m.short(8 << 10); short && !fits || !short && fits && len(m.waiting) == 1 {
			return fmt.Sprintf("%d messages of %d octets: short is %t", len(m.waiting), wireSize(m.waiting), short)
		}
		x.list = q.Take()
		m.take()
		if (x.list == nil) != (len(m.taken) == 0) || !bytes.Equal(list(x.list), wires(m.taken)) {
			return "took other octets than were queued"
		}
		if short && (x.list.Next() != nil || !bytes.Equal(x.list.Bytes(), wires(m.taken)) || x.list.Size() != len(x.list.Bytes())) {
			return "short, and not all in one buffer"
		}
	case op < 70:
		x.list = q.TakeBehind(x.list)
		m.take()
		if !bytes.Equal(list(x.list), wires(m.taken)) {
			return "took other octets than were left and queued"
		}
	case op < 75 && x.list != nil:
		q.Sent(x.list)
		m.sent()
		x.list = nil
	case op < 80 && x.list != nil:
		n := min(x.IntN(5), len(m.taken)) // a few first, as a reader does
		size := wireSize(m.taken[:n])
		m.taken = m.taken[n:]
		m.left += uint64(n)
		q.Release(n, size)
		m.room()
		if len(m.taken) > 0 {
			m.left += uint64(len(m.taken))
			rest := m.taken
			m.taken = nil
			q.Release(len(rest), wireSize(rest))
			m.room()
		}
		msgs, _ := queue.FreeList(x.list)
		if x.list = nil; msgs < n {
			return fmt.Sprintf("freed %d messages", msgs)
		}
	case op < 92 && x.list != nil:
		octets := x.IntN(wireSize(m.taken) + 1)
		switch x.IntN(8) {
		case 0:
			octets = 0
		case 1: // the connection broke behind the last octet
			octets = wireSize(m.taken)
		}
		if got, want := q.Restore(x.list, octets), m.restore(octets); got != want {
			return fmt.Sprintf("%d messages written whole in %d octets, want %d", got, octets, want)
		}
		x.list = nil
	case op < 94:
		msgs, size := q.Clear()
		if msgs != len(m.waiting) || size != wireSize(m.waiting) {
			return fmt.Sprintf("cleared %d messages of %d octets, want %d of %d", msgs, size, len(m.waiting), wireSize(m.waiting))
		}
		m.cleared += uint64(msgs)
		m.waiting = nil
		m.room()
	case op < 96:
		m.marks = marks[x.IntN(len(marks))]
		q.SetMarks(m.marks)
		m.raised()
	case op < 97:
		rest := q.Rest()
		m.asleep = len(m.waiting) == 0
		if rest == m.asleep {
			return fmt.Sprintf("rest is %t with %d waiting", rest, len(m.waiting))
		}
	case op < 98:
		wake := q.SetConsumer(x.w)
		m.asleep = len(m.waiting) == 0
		if (wake != nil) != (len(m.waiting) > 0) {
			return fmt.Sprintf("new consumer woken: %t", wake != nil)
		}
	}
	d := q.Depth()
	if d != m.depth() {
		return fmt.Sprintf("depth %+v, want %+v", d, m.depth())
	}
	if d.Total != d.Left+d.Conflated+uint64(d.Messages)+m.cleared+m.evicted {
		return fmt.Sprintf("depth %+v with %d cleared and %d evicted does not add up", d, m.cleared, m.evicted)
	}
	if x.p.rooms != m.rooms {
		return fmt.Sprintf("told of room %d times, want %d", x.p.rooms, m.rooms)
	}
	return ""
}
