package queue_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// A shelf is what a queue is meant to be that keeps the newest of each topic.
type shelf struct {
	marks     queue.Marks
	waiting   []message
	taken     []message
	full      bool
	rooms     int
	total     uint64
	left      uint64
	conflated uint64
	cleared   uint64
}

func (m *shelf) octets() int { return wireSize(m.waiting) + wireSize(m.taken) }
func (m *shelf) msgs() int   { return len(m.waiting) + len(m.taken) }

func (m *shelf) find(topic []byte) int {
	return slices.IndexFunc(m.waiting, func(w message) bool { return bytes.Equal(w[0], topic) })
}

func (m *shelf) fits(size int) bool {
	mk := m.marks
	if m.full || mk.Messages > 0 && m.msgs() >= mk.Messages || mk.Bytes > 0 && m.octets()+size > mk.Bytes && m.msgs() > 0 {
		m.full = true
		return false
	}
	return true
}

func (m *shelf) replaces(msg message) bool {
	i := m.find(msg[0])
	if i < 0 {
		return false
	}
	grown := wireSize([]message{msg}) - wireSize(m.waiting[i:i+1])
	return grown <= 0 || m.msgs() == 1 || m.marks.Bytes == 0 || m.octets()+grown <= m.marks.Bytes
}

// add puts a message in the place of the one of its topic, or behind all others.
func (m *shelf) add(msg message) {
	m.total++
	if i := m.find(msg[0]); i >= 0 {
		m.waiting[i] = msg
		m.conflated++
		return
	}
	m.waiting = append(m.waiting, msg)
}

func (m *shelf) evict(size int) (n int) {
	for len(m.waiting) > 0 && (m.marks.Messages > 0 && len(m.waiting) >= m.marks.Messages ||
		m.marks.Bytes > 0 && wireSize(m.waiting)+size > m.marks.Bytes) {
		m.waiting = m.waiting[1:]
		n++
	}
	m.cleared += uint64(n)
	return n
}

func (m *shelf) room() {
	mk := m.marks
	if m.full && (mk.Messages == 0 || m.msgs() <= mk.Messages/2) && (mk.Bytes == 0 || m.octets() <= mk.Bytes/2) {
		m.full = false
		m.rooms++
	}
}

func (m *shelf) depth() queue.Depth {
	return queue.Depth{
		Messages: m.msgs(), Bytes: m.octets(), Waiting: len(m.waiting),
		Total: m.total, Left: m.left, Conflated: m.conflated,
	}
}

// take takes the oldest, and more up to 64 KiB.
func (m *shelf) take() {
	n, octets := 0, 0
	for n < len(m.waiting) {
		octets += wireSize(m.waiting[n : n+1])
		if n > 0 && octets > 64<<10 {
			break
		}
		n++
	}
	m.taken, m.waiting = m.waiting[:n:n], m.waiting[n:]
}

// anyTopic returns a message of one of so many topics.
func anyTopic(r *rand.Rand, seed, topics int) message {
	m := anyMessage(r, seed)
	m[0] = fmt.Append(nil, "topic ", r.IntN(topics))
	if r.IntN(30) == 0 {
		m[0] = body(r.IntN(3), queue.LargeBody+r.IntN(3)) // as a topic may be, too
	}
	return m
}

// TestShelf does the same at random to a queue that keeps the newest of each
// topic and to what it is meant to be.
func TestShelf(t *testing.T) {
	for _, marks := range []queue.Marks{{}, {Messages: 1}, {Messages: 7}, {Messages: 100}, {Bytes: 1}, {Bytes: 5000}, {Messages: 30, Bytes: 50_000}} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%+v, seed %d", marks, seed), func(t *testing.T) {
				x := &shelfWalk{Rand: rand.New(rand.NewPCG(seed, 6)), p: &producer{}, m: shelf{marks: marks}}
				x.topics = 1 + x.IntN(40)
				x.q = queue.New(new(sync.Mutex), marks, false, x.p)
				x.q.Lock()
				x.q.SetConflateTopics(true)
				x.q.SetConsumer(&waker{})
				x.q.Unlock()
				for step := range 1000 {
					if wrong := x.step(step); wrong != "" {
						t.Fatalf("step %d: %s", step, wrong)
					}
				}
			})
		}
	}
}

type shelfWalk struct {
	*rand.Rand
	topics int
	q      *queue.Queue
	m      shelf
	p      *producer
	list   *queue.Batch
	pack   queue.Packed
}

func (x *shelfWalk) step(n int) (wrong string) {
	q, m := x.q, &x.m
	q.Lock()
	defer q.Unlock()
	switch op := x.IntN(100); {
	case op < 70:
		msg := anyTopic(x.Rand, n, x.topics)
		size := queue.WireSize(msg)
		fits := q.Fits(size)
		if fits != m.fits(size) {
			return fmt.Sprintf("fits: %t", fits)
		}
		if replaces := q.Replaces(size, msg[0]); replaces != m.replaces(msg) {
			return fmt.Sprintf("replaces: %t", replaces)
		} else if fits = fits || replaces; !fits && x.IntN(2) == 0 {
			break
		}
		if !fits {
			if got, want := q.Evict(size), m.evict(size); got != want {
				return fmt.Sprintf("%d evicted, want %d", got, want)
			}
		}
		if x.IntN(2) == 0 {
			x.pack.Set(msg)
			q.AppendPacked(&x.pack)
		} else {
			q.Append(nil, msg)
		}
		m.add(msg)
	case op < 85 && x.list == nil:
		if x.list = q.Take(); (x.list == nil) != (len(m.waiting) == 0) {
			return "took nothing, or something of nothing"
		}
		m.take()
		if !bytes.Equal(list(x.list), wires(m.taken)) {
			return "took other octets"
		}
	case op < 96 && x.list != nil:
		q.Sent(x.list)
		m.left += uint64(len(m.taken))
		m.taken, x.list = nil, nil
		m.room()
	case op < 97:
		msgs, size := q.Clear()
		if msgs != len(m.waiting) || size != wireSize(m.waiting) {
			return fmt.Sprintf("cleared %d messages, %d octets", msgs, size)
		}
		m.cleared += uint64(msgs)
		m.waiting = nil
		m.room()
	case op < 98:
		if rest := q.Rest(); rest != (len(m.waiting) > 0) {
			return fmt.Sprintf("rest: %t", rest)
		}
	}
	if d := q.Depth(); d != m.depth() {
		return fmt.Sprintf("depth %+v, want %+v", d, m.depth())
	} else if d.Total != d.Left+d.Conflated+uint64(d.Messages)+m.cleared {
		return fmt.Sprintf("depth %+v with %d cleared does not add up", d, m.cleared)
	}
	if x.p.rooms != m.rooms {
		return fmt.Sprintf("told of room %d times, want %d", x.p.rooms, m.rooms)
	}
	return ""
}

// TestShelfOfReader: what comes over a wire, decoded in pieces of any size, is
// replaced until the reader asks for it.
func TestShelfOfReader(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 7))
		m := shelf{}
		q := queue.New(new(sync.Mutex), queue.Marks{}, false, nil)
		q.Lock()
		budget := queue.NewBudget(1 << 30)
		q.SetBudget(budget)
		q.SetConflateTopics(true)
		q.Unlock()
		rd := queue.NewReader(q)
		d := queue.NewDecoder(queue.Limits{}, nil, false)
		var arena queue.Arena
		for step := range 300 {
			var ms []message
			for range r.IntN(20) {
				ms = append(ms, anyTopic(r, step, 10))
			}
			for wire := bytes.NewReader(wires(ms)); wire.Len() > 0; {
				n, err := io.LimitReader(wire, 1+r.Int64N(100_000)).Read(d.Space())
				if err != nil {
					t.Fatal(err)
				}
				if err := d.Scan(n); err != nil {
					t.Fatal(err)
				}
				q.Lock()
				if all, _ := d.Deliver(q); !all {
					t.Fatal("a queue without marks is full")
				}
				q.Unlock()
			}
			for _, msg := range ms {
				m.add(msg)
			}
			if got := depth(q); got.Messages != len(m.waiting) || got.Conflated != m.conflated {
				t.Fatalf("%+v, want %d messages, %d conflated", got, len(m.waiting), m.conflated)
			}
			for range r.IntN(12) {
				raw := rd.Next()
				if len(m.waiting) == 0 {
					if raw != nil {
						t.Fatal("something of nothing")
					}
					break
				}
				if got := arena.Message(raw, nil, 0); !equal(got, m.waiting[0]) {
					t.Fatalf("step %d: read %s, want %s", step, show(got), show(m.waiting[0]))
				}
				rd.Done()
				m.waiting = m.waiting[1:]
			}
			if step == 200 {
				rd.Seal()
			}
			if step >= 200 {
				mustEqual(t, readAll(rd), m.waiting)
				break
			}
		}
		if left := budget.Left(); left != 1<<30 {
			t.Fatalf("%d octets of the budget are left", left)
		}
		d.Free()
	}
}

// TestShelfFull: a full queue takes what replaces, and holds up the rest in order.
func TestShelfFull(t *testing.T) {
	q := queue.New(new(sync.Mutex), queue.Marks{Messages: 2}, false, nil)
	q.Lock()
	q.SetConflateTopics(true)
	q.Unlock()
	d := queue.NewDecoder(queue.Limits{}, nil, false)
	defer d.Free()
	ms := []message{{[]byte("a"), []byte("1")}, {[]byte("b")}, {[]byte("a"), []byte("2")}, {[]byte("c")}, {[]byte("a"), []byte("3")}}
	n := copy(d.Space(), wires(ms))
	if err := d.Scan(n); err != nil {
		t.Fatal(err)
	}
	deliver := func() bool {
		q.Lock()
		defer q.Unlock()
		all, _ := d.Deliver(q)
		return all
	}
	if deliver() || d.Undelivered() != 2 {
		t.Fatalf("%d held up, want 2", d.Undelivered())
	}
	rd := queue.NewReader(q)
	mustEqual(t, readAll(rd), []message{ms[2], ms[1]})
	if !deliver() {
		t.Fatal("still held up")
	}
	mustEqual(t, readAll(rd), []message{ms[3], ms[4]})
}

// TestShelfAllocations: topics that come and go cost no allocation.
func TestShelfAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	q := queue.New(new(sync.Mutex), queue.Marks{}, false, nil)
	q.Lock()
	defer q.Unlock()
	q.SetConflateTopics(true)
	var ms []message
	for i := range 100 {
		ms = append(ms, message{fmt.Append(nil, "topic ", i), body(i, 100)})
	}
	round := func() {
		for range 2 {
			for _, m := range ms {
				q.Append(nil, m)
			}
		}
		for list := q.Take(); list != nil; list = q.Take() {
			q.Sent(list)
		}
	}
	round()
	if n := testing.AllocsPerRun(50, round); n > 1 {
		t.Errorf("%v allocations for 200 messages", n)
	}
}
