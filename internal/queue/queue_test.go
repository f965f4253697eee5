package queue_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

func TestMarksAdd(t *testing.T) {
	tests := []struct{ a, b, want queue.Marks }{
		{queue.Marks{}, queue.Marks{}, queue.Marks{}},
		{queue.Marks{Messages: 2, Bytes: 10}, queue.Marks{Messages: 3, Bytes: 20}, queue.Marks{Messages: 5, Bytes: 30}},
		{queue.Marks{Messages: 2, Bytes: 0}, queue.Marks{Messages: 3, Bytes: 20}, queue.Marks{Messages: 5, Bytes: 0}},
		{queue.Marks{Messages: 2, Bytes: 5}, queue.Marks{Messages: 0, Bytes: 20}, queue.Marks{Messages: 0, Bytes: 25}},
	}
	for _, tt := range tests {
		if got := tt.a.Add(tt.b); got != tt.want {
			t.Errorf("%+v + %+v = %+v, want %+v", tt.a, tt.b, got, tt.want)
		}
		if got := tt.b.Add(tt.a); got != tt.want {
			t.Errorf("%+v + %+v = %+v, want %+v", tt.b, tt.a, got, tt.want)
		}
	}
}

// The octets that Append writes are those of the codec, whatever the sizes,
// alone, behind each other, and with a prefix.
func TestAppendWritesFrames(t *testing.T) {
	q := unbounded()
	var want []message
	q.Lock()
	defer q.Unlock()
	for i, n := range sizes {
		one, two := bodies(i, n), bodies(i+100, n, sizes[len(sizes)-1-i], 0)
		q.Append(nil, one)
		q.Append(nil, two)
		q.Append(message{}, one)
		q.Append(one, two)
		q.Append(two, nil)
		want = append(want, one, two, one, append(clone(one), two...), two)
		if got := queue.WireSize(one); got != len(wire(one)) {
			t.Errorf("WireSize of a frame of %d octets is %d, want %d", n, got, len(wire(one)))
		}
		if got := queue.WireSize(two); got != len(wire(two)) {
			t.Errorf("WireSize of %s is %d, want %d", show(two), got, len(wire(two)))
		}
	}
	d := q.Depth()
	if d.Messages != len(want) || d.Waiting != len(want) || d.Total != uint64(len(want)) || d.Bytes != wireSize(want) {
		t.Fatalf("depth %+v, want %d messages of %d octets", d, len(want), wireSize(want))
	}
	taken := q.Take()
	if !bytes.Equal(list(taken), wires(want)) {
		t.Fatal("the octets differ from those of the codec")
	}
	if d := q.Depth(); d.Messages != len(want) || d.Waiting != 0 || d.Left != 0 {
		t.Fatalf("depth %+v once all was taken", d)
	}
	q.Sent(taken)
	if d, want := q.Depth(), (queue.Depth{Total: d.Total, Left: d.Total}); d != want {
		t.Fatalf("depth %+v once all was released, want %+v", d, want)
	}
}

// Append copies: the caller may change its memory at once, large bodies too.
func TestAppendCopies(t *testing.T) {
	m := bodies(1, 3, 300, queue.LargeBody, 100_000)
	want := clone(m)
	q := unbounded()
	var p queue.Packed
	q.Lock()
	q.Append(m[:1], m[1:])
	p.Set(m)
	q.AppendPacked(&p)
	q.Unlock()
	for _, f := range m {
		clear(f)
	}
	mustEqual(t, readAll(queue.NewReader(q)), []message{want, want})
}

func TestFits(t *testing.T) {
	one := message{make([]byte, 98)} // 100 octets on the wire
	tests := []struct {
		name  string
		marks queue.Marks
		holds int // messages that go in before it is full
		until int // messages left in it when there is room again
	}{
		{"messages", queue.Marks{Messages: 10}, 10, 5},
		{"odd", queue.Marks{Messages: 7}, 7, 3},
		{"one message", queue.Marks{Messages: 1}, 1, 0},
		{"two messages", queue.Marks{Messages: 2}, 2, 1},
		{"octets", queue.Marks{Bytes: 1000}, 10, 5},
		{"octets, not a multiple", queue.Marks{Bytes: 1099}, 10, 5},
		{"less than one message", queue.Marks{Bytes: 10}, 1, 0},
		{"messages before octets", queue.Marks{Messages: 4, Bytes: 1000}, 4, 2},
		{"octets before messages", queue.Marks{Messages: 40, Bytes: 400}, 4, 2},
		{"both at once", queue.Marks{Messages: 4, Bytes: 400}, 4, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &producer{}
			q := queue.New(new(sync.Mutex), tt.marks, false, p)
			q.Lock()
			defer q.Unlock()
			for n := 0; q.Fits(100); n++ {
				if n == tt.holds {
					t.Fatalf("message %d fits", n+1)
				}
				q.Append(nil, one)
			}
			taken := q.Take()
			for left := tt.holds; left > 0; left-- {
				if d := q.Depth(); d.Messages != left {
					t.Fatalf("holds %d messages, want %d", d.Messages, left)
				}
				if fits, want := q.Fits(100), left <= tt.until; fits != want {
					t.Fatalf("with %d left: fits is %t, want %t", left, fits, want)
				}
				q.Release(1, 100)
			}
			if p.rooms != 1 {
				t.Errorf("the producer heard of room %d times, want 1", p.rooms)
			}
			queue.FreeList(taken)
		})
	}
}

// An empty queue takes any one message; a message that is larger than half of
// the mark is told of room as often as it takes.
func TestFitsLarge(t *testing.T) {
	p := &producer{}
	q := queue.New(new(sync.Mutex), queue.Marks{Bytes: 1000}, false, p)
	q.Lock()
	defer q.Unlock()
	if !q.Fits(1 << 30) {
		t.Fatal("an empty queue does not take one message")
	}
	for range 4 {
		q.Append(nil, message{make([]byte, 98)})
	}
	taken := q.Take()
	for left := 4; left > 0; left-- {
		if q.Fits(901) {
			t.Fatalf("901 octets fit beside %d", left*100)
		}
		q.Release(1, 100)
		if want := 5 - left; p.rooms != want {
			t.Fatalf("the producer heard of room %d times, want %d", p.rooms, want)
		}
	}
	if !q.Fits(901) {
		t.Fatal("901 octets do not fit into an empty queue")
	}
	queue.FreeList(taken)
}

// HW-05: marks may change while messages are there; none is lost.
func TestSetMarks(t *testing.T) {
	one := message{{1}}
	p := &producer{}
	q := queue.New(new(sync.Mutex), queue.Marks{Messages: 1}, false, p)
	q.Lock()
	defer q.Unlock()
	fill := func() (n int) {
		for q.Fits(3) {
			q.Append(nil, one)
			n++
		}
		return n
	}
	if n := fill(); n != 1 {
		t.Fatalf("a mark of 1 took %d", n)
	}
	q.SetMarks(queue.Marks{Messages: 6})
	if p.rooms != 1 {
		t.Error("a raised mark is no room")
	}
	if n := fill(); n != 5 {
		t.Errorf("a mark of 6 with 1 there took %d, want 5", n)
	}
	q.SetMarks(queue.Marks{Messages: 2})
	if n := fill(); n != 0 || q.Depth().Messages != 6 {
		t.Errorf("a lowered mark took %d and left %+v", n, q.Depth())
	}
	q.Clear()
	if n := fill(); n != 2 || p.rooms != 2 {
		t.Errorf("a mark of 2 took %d, room %d times", n, p.rooms)
	}
	q.SetMarks(queue.Marks{})
	if !q.Fits(1<<30) || p.rooms != 3 {
		t.Errorf("no mark, but no room; %d times", p.rooms)
	}
}

// The consumer is woken once, when it has found the queue empty, and at once
// when it comes to a queue with messages.
func TestWake(t *testing.T) {
	w := &waker{}
	q := unbounded()
	q.Lock()
	defer q.Unlock()
	one := message{{1}}
	if q.Append(nil, one) != nil {
		t.Error("a consumer to wake before there is one")
	}
	if q.SetConsumer(w) != queue.Waker(w) {
		t.Error("a message waits, and the new consumer is not to be woken")
	}
	if q.Append(nil, one) != nil {
		t.Error("woken twice")
	}
	queue.FreeList(q.Take())
	if q.Append(nil, one) != nil {
		t.Error("woken before it found the queue empty")
	}
	queue.FreeList(q.Take())
	if q.Take() != nil {
		t.Error("something where nothing is")
	}
	var p queue.Packed
	p.Set(one)
	if q.AppendPacked(&p) != queue.Waker(w) {
		t.Error("not woken")
	}
	queue.FreeList(q.Take())
	if q.SetConsumer(w) != nil {
		t.Error("woken for nothing")
	}
	if q.Append(nil, one) != queue.Waker(w) {
		t.Error("a new consumer not woken")
	}
	q.SetConsumer(nil)
	if q.Append(nil, one) != nil {
		t.Error("nobody woken")
	}
}

// HW-07: a conflating queue holds the newest message and is never full.
func TestConflate(t *testing.T) {
	p := &producer{}
	q := queue.New(new(sync.Mutex), queue.Marks{Messages: 1, Bytes: 1}, true, p)
	r := queue.NewReader(q)
	for i := range 20 {
		q.Lock()
		if !q.Fits(1 << 30) {
			t.Fatal("a conflating queue is full")
		}
		q.Append(nil, bodies(i, 10, 20_000))
		q.Unlock()
	}
	if d := depth(q); d.Messages != 1 || d.Waiting != 1 || d.Total != 20 || d.Conflated != 19 || d.Bytes != wireSize([]message{bodies(0, 10, 20_000)}) {
		t.Errorf("depth %+v", d)
	}
	mustEqual(t, readAll(r), []message{bodies(19, 10, 20_000)})
	if d := depth(q); d != (queue.Depth{Total: 20, Left: 1, Conflated: 19}) {
		t.Errorf("depth %+v", d)
	}
}

func TestStep(t *testing.T) {
	tests := []struct {
		marks queue.Marks
		min   int
		max   int
	}{
		{queue.Marks{}, 1, 1 << 16},
		{queue.Marks{Messages: 1}, 1, 1},
		{queue.Marks{Messages: 7}, 1, 3},
		{queue.Marks{Messages: 1000}, 1, 500},
	}
	for _, tt := range tests {
		q := queue.New(new(sync.Mutex), tt.marks, false, nil)
		q.Lock()
		if n, _ := q.Step(); n < tt.min || n > tt.max {
			t.Errorf("%+v: step %d, want %d to %d: more than half would hold up a full producer", tt.marks, n, tt.min, tt.max)
		}
		q.Unlock()
	}
}
