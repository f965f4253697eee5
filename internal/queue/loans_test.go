package queue_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"weak"

	"github.com/brokerless/brokerless/internal/queue"
)

// boundaries are sizes of large bodies at which other memory is used.
var boundaries = []int{
	queue.LargeBody - 1, queue.LargeBody, queue.LargeBody + 1, 20480, 20481, 64 << 10, 1<<20 - 1, 1 << 20, 1<<20 + 1,
	8 << 20, 8<<20 + 1,
}

// through sends a message through q and has it received by get.
func through(q *queue.Queue, r *queue.Reader, m message, get func(*queue.Raw)) {
	add(q, m)
	get(r.Next())
	r.Done()
}

func TestLoansOfAllSizes(t *testing.T) {
	var l queue.Loans
	q := unbounded()
	r := queue.NewReader(q)
	var m message
	for i, n := range boundaries {
		for j, want := range []message{bodies(i, n), bodies(i+50, n, 3), bodies(i+90, 5, n, 0)} {
			through(q, r, want, func(raw *queue.Raw) { m = l.Into(raw, m, nil, 0) })
			if !equal(m, want) {
				t.Fatalf("message %d with a body of %d: %s, want %s", j, n, show(m), show(want))
			}
		}
	}
}

// The memory that a body comes in belongs to whoever received it until he gives
// it back to the Loans it came from: others may receive, send and give back
// beside him whatever they like.
func TestLoansLeaveAloneWhatIsNotGivenBack(t *testing.T) {
	const applications = 3
	type app struct {
		loans queue.Loans
		q     *queue.Queue
		r     *queue.Reader
		into  message
		held  message // what into is to be
	}
	rnd := rand.New(rand.NewPCG(3, 3))
	apps := make([]*app, applications)
	for i := range apps {
		q := unbounded()
		apps[i] = &app{q: q, r: queue.NewReader(q)}
	}
	type kept struct {
		what      string
		got, want message
	}
	var keep []kept
	var arena queue.Arena
	var packed queue.Packed
	steps := 1500
	if testing.Short() {
		steps = 300
	}
	for step := range steps {
		a := apps[rnd.IntN(applications)]
		sizes := make([]int, 1+rnd.IntN(3))
		for i := range sizes {
			if sizes[i] = boundaries[rnd.IntN(6)]; rnd.IntN(4) == 0 {
				sizes[i] = rnd.IntN(300)
			}
		}
		want := bodies(step, sizes...)
		switch rnd.IntN(6) {
		case 0: // received for good
			var got message
			through(a.q, a.r, want, func(raw *queue.Raw) { got = arena.Message(raw, nil, 0) })
			keep = append(keep, kept{fmt.Sprint("received in step ", step), got, want})
		case 1: // into memory of his own, which is not to be touched afterwards
			own := bodies(-step, sizes...)
			into := append(message(nil), own...)
			through(a.q, a.r, want, func(raw *queue.Raw) { into = a.loans.Into(raw, into, nil, 0) })
			keep = append(keep, kept{fmt.Sprint("received in step ", step), into, want})
			for i, f := range own {
				if len(f) >= queue.LargeBody {
					keep = append(keep, kept{fmt.Sprint("given in step ", step), own[i : i+1], bodies(-step, sizes...)[i : i+1]})
				}
			}
		case 2: // what was lent is not given back
			keep = append(keep, kept{fmt.Sprint("kept in step ", step), a.into, a.held})
			a.into, a.held = nil, nil
		case 3: // sent to all
			packed.Set(want)
			for _, a := range apps {
				a.q.Lock()
				a.q.AppendPacked(&packed)
				a.q.Unlock()
				a.into, a.held = a.loans.Into(a.r.Next(), a.into, nil, 0), want
				a.r.Done()
			}
			packed.Reset()
		case 4: // written to a connection
			add(a.q, want)
			a.q.Lock()
			a.q.Sent(a.q.Take())
			a.q.Unlock()
		default:
			through(a.q, a.r, want, func(raw *queue.Raw) { a.into, a.held = a.loans.Into(raw, a.into, nil, 0), want })
		}
		for i, a := range apps {
			if !equal(a.into, a.held) {
				t.Fatalf("step %d: what application %d holds is %s, want %s", step, i, show(a.into), show(a.held))
			}
		}
		if len(keep) > 100 || step == steps-1 {
			for _, k := range keep {
				if !equal(k.got, k.want) {
					t.Fatalf("after step %d: what was %s is %s, want %s", step, k.what, show(k.got), show(k.want))
				}
			}
			keep = nil
		}
	}
}

// collected reports whether the garbage collector takes the memory that w
// points to.
func collected(w weak.Pointer[byte]) bool {
	for range 4 { // a pool keeps things for two rounds
		runtime.GC()
	}
	return w.Value() == nil
}

// A body too large to be used again is not kept once the application has
// dropped it; of the others, few are.
func TestLoansKeepLittle(t *testing.T) {
	var l queue.Loans
	q := unbounded()
	r := queue.NewReader(q)
	receive := func(n int) weak.Pointer[byte] {
		var m message
		through(q, r, message{make([]byte, n)}, func(raw *queue.Raw) { m = l.Into(raw, nil, nil, 0) })
		return weak.Make(&m[0][0])
	}
	if !collected(receive(8<<20 + 1)) {
		t.Error("a body of more than 8 MiB is kept")
	}
	first := receive(8 << 20)
	receive(2 << 20)
	if !collected(first) {
		t.Error("a body of 8 MiB is kept after another of 2 MiB")
	}
	first = receive(64 << 10)
	for range 4 {
		receive(64 << 10)
	}
	if !collected(first) {
		t.Error("a body of 64 KiB is kept after 4 others")
	}
	runtime.KeepAlive(&l)
}

// What a publisher has sent is kept by nobody once all have written it.
func TestPackedKeepsLittle(t *testing.T) {
	var p queue.Packed
	qs := []*queue.Queue{unbounded(), unbounded()}
	publish := func(m message) weak.Pointer[byte] {
		p.Set(m)
		defer p.Reset()
		var w weak.Pointer[byte]
		for _, q := range qs {
			q.Lock()
			q.AppendPacked(&p)
			list := q.Take()
			buffers := list.AppendBuffers(nil)
			w = weak.Make(&buffers[len(buffers)-1][0])
			q.Sent(list)
			q.Unlock()
		}
		return w
	}
	many := make(message, 4096)
	for i := range many {
		many[i] = make([]byte, 1000)
	}
	for what, m := range map[string]message{"8 MiB": {make([]byte, 8<<20)}, "9 MiB": {make([]byte, 9<<20)}, "4096 frames": many} {
		if !collected(publish(m)) {
			t.Errorf("the memory of %s is kept", what)
		}
	}
	runtime.KeepAlive(&p)
	runtime.KeepAlive(qs)
}

// Large bodies allocate nothing once there is memory for them: neither on
// their way out nor in.
func TestLargeBodyAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets under the race detector")
	}
	for _, n := range []int{queue.LargeBody, queue.LargeBody + 1, 64 << 10, 1 << 20, 8 << 20} {
		q := unbounded()
		r := queue.NewReader(q)
		var l queue.Loans
		var into message
		m := message{make([]byte, n)}
		if each := testing.AllocsPerRun(20, func() {
			add(q, m)
			q.Lock()
			q.Sent(q.Take())
			q.Unlock()
		}); each > 0.5 {
			t.Errorf("%d octets: %.2f allocations to send", n, each)
		}
		get := func(raw *queue.Raw) { into = l.Into(raw, into, nil, 0) }
		if each := testing.AllocsPerRun(20, func() { through(q, r, m, get) }); each > 0.5 {
			t.Errorf("%d octets: %.2f allocations to receive", n, each)
		}
	}
}
