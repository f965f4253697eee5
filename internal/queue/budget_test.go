package queue_test

import (
	"math"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// An inflow is one producer's decoder and queue under a budget.
type inflow struct {
	t *testing.T
	p *producer
	q *queue.Queue
	d *queue.Decoder
	r *queue.Reader
}

func newInflow(t *testing.T, b *queue.Budget, m queue.Marks) *inflow {
	t.Helper()
	f := &inflow{t: t, p: &producer{}, d: queue.NewDecoder(queue.Limits{}, &handler{}, false)}
	f.q = queue.New(new(sync.Mutex), m, false, f.p)
	f.q.SetBudget(b)
	f.r = queue.NewReader(f.q)
	return f
}

// take decodes octets, and delivers them as far as there is room.
func (f *inflow) take(octets []byte) (all bool) {
	f.t.Helper()
	for len(octets) > 0 {
		n := copy(f.d.Space(), octets)
		octets = octets[n:]
		if err := f.d.Scan(n); err != nil {
			f.t.Fatal(err)
		}
	}
	return f.deliver()
}

func (f *inflow) deliver() (all bool) {
	f.q.Lock()
	defer f.q.Unlock()
	all, _ = f.d.Deliver(f.q)
	return all
}

// kib returns n messages of 1 KiB on the wire.
func kib(n int) (b []byte) {
	for i := range n {
		b = append(b, wire(message{body(i, 1<<10-9)})...)
	}
	return b
}

// Above the budget a queue has its share, and one message if it is empty; what
// is read makes room for others; and nothing is lost on the way.
func TestBudget(t *testing.T) {
	const limit = 256 << 10
	b := queue.NewBudget(limit)
	greedy, modest := newInflow(t, b, queue.Marks{}), newInflow(t, b, queue.Marks{})
	if greedy.take(kib(300)) {
		t.Fatal("300 KiB fit into a budget of 256")
	}
	if d := depth(greedy.q); d.Bytes != limit || b.Left() != 0 {
		t.Fatalf("%d octets are queued, %d left", d.Bytes, b.Left())
	}
	if modest.take(kib(100)) {
		t.Fatal("100 KiB fit into a share of 64")
	}
	if d := depth(modest.q); d.Bytes != queue.Share || b.Left() != -queue.Share {
		t.Fatalf("the share is %d octets; %d left", d.Bytes, b.Left())
	}
	large := newInflow(t, b, queue.Marks{})
	if large.take(append(wire(message{make([]byte, 2*queue.Share)}), kib(1)...)) {
		t.Fatal("a large message, and another one, fit")
	}
	if d := depth(large.q); d.Messages != 1 {
		t.Fatalf("%d messages are queued, want one, of any size", d.Messages)
	}
	for _, f := range []*inflow{greedy, modest, large} {
		n := 0
		for again := true; again; {
			n += len(readAll(f.r))
			again = f.d.Undelivered() > 0
			f.deliver()
		}
		if want := map[*inflow]int{greedy: 300, modest: 100, large: 2}[f]; n != want || f.p.rooms == 0 {
			t.Errorf("%d messages, want %d; told of room %d times", n, want, f.p.rooms)
		}
	}
	if b.Left() != limit {
		t.Errorf("%d left in the end, want all", b.Left())
	}
}

// Who found no budget is told when a share is half empty, or there is budget again.
func TestBudgetTellsOfRoom(t *testing.T) {
	read := func(f *inflow, n int) {
		for range n {
			if f.r.Next() == nil {
				t.Fatal("nothing to read")
			}
			f.r.Done()
		}
	}
	b := queue.NewBudget(100 << 10)
	other, f := newInflow(t, b, queue.Marks{}), newInflow(t, b, queue.Marks{Messages: 120}) // which are released by 15
	other.take(kib(70))
	if f.take(append(kib(60), wire(message{make([]byte, 100<<10)})...)) {
		t.Fatal("more than the budget fits")
	}
	read(f, 15)
	if f.p.rooms != 0 || !f.q.Full() {
		t.Errorf("told of room %d times with %d octets left", f.p.rooms, b.Left())
	}
	read(other, 70)
	read(f, 15)
	if f.p.rooms != 1 || f.q.Full() {
		t.Errorf("told of room %d times with %d octets left", f.p.rooms, b.Left())
	}
	if f.deliver() {
		t.Fatal("a message of 100 KiB fits into less")
	}
	other.take(kib(90))
	read(f, 15)
	if f.p.rooms != 2 {
		t.Errorf("told of room %d times with half of the share free", f.p.rooms)
	}
}

// What is left behind counts with the memory it takes until it is read or
// wiped, and keeps newcomers away meanwhile.
func TestBudgetOfTheGone(t *testing.T) {
	for _, wipe := range []bool{false, true} {
		b := queue.NewBudget(32 << 10)
		w := &waker{}
		if b.Hold(w) {
			t.Fatal("held for nothing")
		}
		var gone []*inflow
		for range 100 { // an octet each
			if b.Hold(w) {
				break
			}
			f := newInflow(t, b, queue.Marks{})
			f.take(wire(message{{1}}))
			f.r.Seal()
			gone = append(gone, f)
		}
		if len(gone) > (32<<10)/queue.Keep {
			t.Fatalf("%d queues were left behind", len(gone))
		}
		other := &waker{}
		if !b.Hold(other) {
			t.Fatal("not held")
		}
		b.Forget(other)
		for i, f := range gone {
			if w.woken != 0 && i == 0 {
				t.Fatal("woken too early")
			}
			if wipe {
				if n := f.r.Wipe(); n != 1 {
					t.Fatalf("%d messages wiped", n)
				}
			} else {
				mustEqual(t, readAll(f.r), []message{{{1}}})
			}
		}
		if b.Left() != 32<<10 || w.woken != 1 || other.woken != 0 || b.Hold(w) {
			t.Errorf("%d left, woken %d times", b.Left(), w.woken)
		}
	}
}

// Without a limit nothing is counted; an exempt queue counts and is not held up.
func TestBudgetExempts(t *testing.T) {
	none := queue.NewBudget(0)
	if none != nil || none.Left() != math.MaxInt || none.Hold(nil) {
		t.Error("there is a limit of 0")
	}
	b := queue.NewBudget(1)
	f := newInflow(t, b, queue.Marks{})
	if f.take(kib(65)) {
		t.Fatal("more than a share fits")
	}
	f.q.Lock()
	f.q.Exempt()
	f.q.SetMarks(queue.Marks{Bytes: 1 << 20})
	f.q.Unlock()
	if !f.deliver() || b.Left() != 1-65<<10 {
		t.Errorf("held up though exempt; %d left", b.Left())
	}
}
