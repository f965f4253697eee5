package queue

import "math"

// Marks are the high-water marks of one queue: what it holds at most before
// it is full. A field of 0 sets no mark. Both count what the other side has
// not yet taken.
type Marks struct {
	Messages int // whole messages
	Bytes    int // octets on the wire; an empty queue takes any one message
}

// Add returns the marks of a queue that stands for one of m and one of n in a
// row, as an in-process pipe does. No mark on either side is no mark at all.
func (m Marks) Add(n Marks) Marks {
	sum := func(a, b int) int {
		if a == 0 || b == 0 {
			return 0
		}
		return a + b
	}
	return Marks{sum(m.Messages, n.Messages), sum(m.Bytes, n.Bytes)}
}

// SetMarks changes the high-water marks. The caller holds the lock. Messages
// above a lower mark stay. Below a higher one a full queue has room at once.
func (q *Queue) SetMarks(m Marks) {
	q.marks = m
	if q.full && (m.Messages == 0 || q.msgs < m.Messages) && (m.Bytes == 0 || q.size < m.Bytes) {
		q.relieve()
	}
}

// Fits reports whether a message of size octets on the wire has room. When it
// has not, the producer's Room is called once there is. The caller holds the
// lock.
func (q *Queue) Fits(size int) bool {
	if q.sift == keepNewest {
		return true
	}
	m, b := q.marks.Messages, q.marks.Bytes
	if !q.full && (m == 0 || q.msgs < m) && (b == 0 || q.size+size <= b || q.msgs == 0) {
		return true
	}
	q.full = true
	return false
}

// Room returns how many messages have room, at most limit; where octets are
// short, one. It asks for nothing, as Fits does. The caller holds the lock.
func (q *Queue) Room(limit int) int {
	msgs, size := q.Space()
	switch {
	case msgs <= 0 || size <= 0 && q.msgs > 0:
		return 0
	case q.marks.Bytes > 0 && size < q.marks.Bytes/2:
		return min(1, limit)
	}
	return min(msgs, limit)
}

// Full reports whether the producer is to be told when there is room again. The
// caller holds the lock.
func (q *Queue) Full() bool { return q.full }

// Space returns how many messages have room, and octets: none or less above the
// marks or the budget, for which an empty queue takes any one message. A
// conflating queue has room for any, one by one. The caller holds the lock.
func (q *Queue) Space() (msgs, size int) {
	msgs, size = math.MaxInt, math.MaxInt
	switch m := q.marks; {
	case q.sift == keepNewest:
		return 1, size
	case q.full:
		return 0, 0
	default:
		if m.Messages > 0 {
			msgs = m.Messages - q.msgs
		}
		if m.Bytes > 0 {
			size = m.Bytes - q.size
		}
		if q.budget != nil && !q.exempt {
			size = min(size, max(q.budget.Left(), Share-q.size))
		}
	}
	return msgs, size
}

// room ends fullness once the queue is half empty: waking a producer for each
// single place would cost more than the place is worth (HW-04).
func (q *Queue) room() {
	if !q.full || q.marks.Messages > 0 && q.msgs > q.marks.Messages/2 || q.marks.Bytes > 0 && q.size > q.marks.Bytes/2 {
		return
	}
	q.relieve()
}

// relieve ends fullness, unless the budget is what the queue has too little of.
func (q *Queue) relieve() {
	if q.short && !q.exempt && q.size > Share/2 && q.budget.Left() <= 0 {
		return
	}
	q.full, q.short = false, false
	if q.producer != nil {
		q.producer.Room(q)
	}
}
