package queue_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// A bell wakes a goroutine that waits on it, as consumer or as producer.
type bell chan struct{}

func (b bell) Wake()             { b.ring() }
func (b bell) Room(*queue.Queue) { b.ring() }

func (b bell) Refill(*queue.Queue) {}

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// Buffers go through pools that all queues share. Several lines of three
// goroutines each work with them at the same time, as connections do: one
// sends, one moves what is sent to the other end and loses its connection now
// and then, one receives. A buffer used by two of them would show as a changed
// message, or to the race detector.
func TestRecycledBuffers(t *testing.T) {
	const lines = 4
	messages := 4000
	if testing.Short() {
		messages = 1000
	}
	var wg sync.WaitGroup
	for i := range lines {
		l := newLine(i, queue.Marks{Messages: []int{1, 10, 100, 1000}[i], Bytes: 1 << 20})
		wg.Go(func() { l.send(messages) })
		wg.Go(func() { l.move(t) })
		wg.Go(func() { l.receive(t, messages) })
	}
	wg.Wait()
}

// A line is the way of messages from one application to another.
type line struct {
	seed          int
	out, in       *queue.Queue
	outRoom       bell // the sender waits for it
	outMore       bell // the mover
	inRoom        bell // the mover
	inMore        bell // the receiver
	gone, arrived chan struct{}
}

func newLine(seed int, m queue.Marks) *line {
	l := &line{
		seed:    seed,
		outRoom: make(bell, 1), outMore: make(bell, 1), inRoom: make(bell, 1), inMore: make(bell, 1),
		gone: make(chan struct{}), arrived: make(chan struct{}),
	}
	l.out = queue.New(new(sync.Mutex), m, false, l.outRoom)
	l.in = queue.New(new(sync.Mutex), m, false, l.inRoom)
	l.out.Lock()
	l.out.SetConsumer(l.outMore)
	l.out.Unlock()
	l.in.Lock()
	l.in.SetConsumer(l.inMore)
	l.in.Unlock()
	return l
}

// message returns the message of a number.
func (l *line) message(i int) message {
	return anyMessage(rand.New(rand.NewPCG(uint64(l.seed), uint64(i))), i)
}

func (l *line) send(messages int) {
	defer close(l.gone)
	var packed queue.Packed
	for i := range messages {
		m := l.message(i)
		l.out.Lock()
		for !l.out.Fits(queue.WireSize(m)) {
			l.out.Unlock()
			<-l.outRoom
			l.out.Lock()
		}
		var wake queue.Waker
		if i%3 == 0 {
			packed.Set(m)
			wake = l.out.AppendPacked(&packed)
		} else {
			wake = l.out.Append(nil, m)
		}
		l.out.Unlock()
		if wake != nil {
			wake.Wake()
		}
	}
}

// move is the writer of one connection after another, and the readers at
// their other ends.
func (l *line) move(t *testing.T) {
	defer close(l.arrived)
	r := rand.New(rand.NewPCG(uint64(l.seed), 6))
	d := queue.NewDecoder(queue.Limits{}, &handler{}, false)
	defer func() { d.Free() }()
	for {
		l.out.Lock()
		batches := l.out.Take()
		l.out.Unlock()
		if batches == nil {
			select {
			case <-l.outMore:
				continue
			case <-l.gone:
			}
			l.out.Lock()
			empty := l.out.Depth().Messages == 0
			l.out.Unlock()
			if empty {
				return
			}
			continue
		}
		stream := list(batches)
		taken := len(stream)
		if r.IntN(4) == 0 {
			taken = r.IntN(taken + 1)
		}
		if !l.deliver(t, d, stream[:taken]) {
			l.out.Lock()
			l.out.SetMarks(queue.Marks{}) // let the sender end
			l.out.Unlock()
			return
		}
		l.out.Lock()
		if taken == len(stream) {
			l.out.Sent(batches)
		} else {
			l.out.Restore(batches, taken)
		}
		l.out.Unlock()
		if taken < len(stream) { // the rest comes over a new connection
			d.Free()
			d = queue.NewDecoder(queue.Limits{}, &handler{}, false)
		}
	}
}

func (l *line) deliver(t *testing.T, d *queue.Decoder, stream []byte) bool {
	for len(stream) > 0 {
		n := copy(d.Space(), stream)
		stream = stream[n:]
		if err := d.Scan(n); err != nil {
			t.Error(err)
			return false
		}
		for {
			l.in.Lock()
			all, wake := d.Deliver(l.in)
			l.in.Unlock()
			if wake != nil {
				wake.Wake()
			}
			if all {
				break
			}
			<-l.inRoom
		}
	}
	return true
}

func (l *line) receive(t *testing.T, messages int) {
	reader := queue.NewReader(l.in)
	var arena queue.Arena
	var lent message
	type kept struct {
		i int
		m message
	}
	var keep []kept
	check := func(i int, got message) {
		if want := l.message(i); !equal(got, want) {
			t.Errorf("line %d, message %d: %s, want %s", l.seed, i, show(got), show(want))
		}
	}
	for i := range messages {
		raw := reader.Next()
		for raw == nil {
			select {
			case <-l.inMore:
			case <-l.arrived:
				if raw = reader.Next(); raw == nil {
					t.Errorf("line %d: %d messages, want %d", l.seed, i, messages)
					return
				}
				continue
			}
			raw = reader.Next()
		}
		if i%4 == 0 {
			lent = new(queue.Loans).Into(raw, lent, nil, 0)
			check(i, lent)
		} else {
			keep = append(keep, kept{i, arena.Message(raw, nil, 0)})
		}
		reader.Done()
		if len(keep) == 500 {
			for _, k := range keep {
				check(k.i, k.m)
			}
			keep = keep[:0]
		}
	}
	for _, k := range keep {
		check(k.i, k.m)
	}
	<-l.arrived
	if raw := reader.Next(); raw != nil {
		t.Errorf("line %d: more than %d messages", l.seed, messages)
	}
	out, in := depth(l.out), depth(l.in)
	for _, d := range []queue.Depth{out, in} {
		if want := (queue.Depth{Total: uint64(messages), Left: uint64(messages)}); d != want {
			t.Errorf("line %d: depth %+v, want %+v", l.seed, d, want)
		}
	}
}
