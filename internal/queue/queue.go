package queue

import "sync"

// A Waker is the consumer of a queue, as the queue sees it.
type Waker interface {
	// Wake tells a consumer that found the queue empty that it is so no more.
	// It is called without the queue's lock.
	Wake()
}

// A Producer hears when a full queue has room again, and when one is empty.
type Producer interface {
	// Room is called with the queue's lock held.
	Room(q *Queue)
	// Refill is called with the queue's lock held when a Reader has found the
	// queue empty: a last chance to put something into it.
	Refill(q *Queue)
}

// A Queue holds messages on their way from one producer side to one consumer.
//
// The lock belongs to the producer side and may be shared by many queues.
// Methods that say so are to be called with it held.
type Queue struct {
	*sync.Mutex

	// What a message that is queued touches stands together: a publisher goes from
	// queue to queue.
	marks       Marks
	first, last *Batch // whole messages that the consumer has not taken
	msgs, size  int    // in first…last and on the shelf, and what was taken but not released
	waiting     int    // messages in first…last
	total       uint64 // messages ever appended or delivered
	sift        sift
	full        bool // the producer found it full and wants to hear of room
	asleep      bool // the consumer found it empty and wants to be woken
	busy        bool // the consumer's last take was more than a small buffer
	short       bool // full is what the budget is, not the queue
	exempt      bool // from the budget: what comes is only counted

	producer  Producer
	consumer  Waker
	budget    *Budget // that it shares with other queues, if any
	shelf     *shelf  // nil unless it keeps, or kept, the newest of each topic
	left      uint64  // messages released
	conflated uint64  // messages replaced by a newer one

	dead, deadLarge int // how much of the first batch, and of its large bodies, has been dropped
}

// New returns an empty queue under lock. A conflating queue keeps only the
// newest message (ZMQ_CONFLATE).
func New(lock *sync.Mutex, m Marks, conflate bool, p Producer) *Queue {
	q := &Queue{Mutex: lock, producer: p, marks: m, asleep: true}
	if conflate {
		q.sift = keepNewest
	}
	return q
}

// SetConsumer names who is to be woken. The caller holds the lock. If messages
// wait, it returns the consumer for the caller to wake.
func (q *Queue) SetConsumer(w Waker) Waker {
	q.consumer = w
	q.asleep = true
	if q.empty() {
		return nil
	}
	return q.wake()
}

// SetBudget has what Deliver puts into the queue count against a budget that it
// shares with others. The caller holds the lock, and the queue is empty.
func (q *Queue) SetBudget(b *Budget) { q.budget = b }

// Exempt lets Deliver go beyond the budget. The caller holds the lock, and
// changes the marks afterwards.
func (q *Queue) Exempt() { q.exempt = true }

// Exempted reports whether Exempt was called. The caller holds the lock.
func (q *Queue) Exempted() bool { return q.exempt }

// SetConflate says whether the queue keeps only the newest message from now
// on. The caller holds the lock. Of the messages that wait, it keeps that one.
func (q *Queue) SetConflate(on bool) {
	q.SetConflateTopics(false)
	q.sift = keepAll
	if !on {
		return
	}
	q.sift = keepNewest
	if q.waiting < 2 {
		return
	}
	q.bury()
	msgs, size := 0, 0
	for q.first != q.last {
		msgs += q.first.msgs
		size += q.first.size
		q.first = freeHead(q.first)
	}
	m, n := q.last.cutFront(q.last.size - 1)
	msgs, size = msgs+m, size+n
	q.msgs -= msgs
	q.size -= size
	q.budget.Charge(-size)
	q.waiting -= msgs
	q.conflated += uint64(msgs)
	q.room()
}

// Append adds one message: the frames of prefix, then frames. It copies all
// of them. The consumer it returns, unless nil, is to be woken once the lock
// is given up. The caller holds the lock and has asked Fits.
func (q *Queue) Append(prefix, frames [][]byte) Waker {
	if q.sift != keepAll {
		if wake, done := q.shelve(frames); done {
			return wake
		}
	}
	if len(frames) == 1 && prefix == nil && len(frames[0]) <= maxShort {
		body := frames[0]
		b := q.open(2 + len(body))
		b.buf = append(b.buf, 0, byte(len(body)))
		b.buf = append(b.buf, body...)
		return q.added(b, 2+len(body))
	}
	wire, inline := wireSize(frames)
	if prefix != nil {
		w, i := wireSize(prefix)
		wire, inline = wire+w, inline+i
	}
	b := q.open(inline)
	for i, f := range prefix {
		b.appendFrame(i < len(prefix)-1 || len(frames) > 0, f, nil)
	}
	for i, f := range frames {
		b.appendFrame(i < len(frames)-1, f, nil)
	}
	return q.added(b, wire)
}

// Prepend is Append in front of all that waits, whatever the marks say. It is
// not for a conflating queue.
func (q *Queue) Prepend(frames [][]byte) Waker {
	b := newMessage(frames)
	q.prepend(b)
	q.msgs++
	q.size += b.size
	q.total++
	if q.asleep {
		return q.wake()
	}
	return nil
}

// WireSize returns the octets that a message of frames takes on the wire,
// which is what Fits asks for.
func WireSize(frames [][]byte) int {
	if len(frames) == 1 && len(frames[0]) <= maxShort {
		return 2 + len(frames[0])
	}
	wire, _ := wireSize(frames)
	return wire
}

// open returns the last batch if n more octets fit into it, or a new one
// behind it.
func (q *Queue) open(n int) *Batch {
	if b := q.last; b != nil && cap(b.buf)-len(b.buf) >= n {
		return b
	}
	b := newBatch(n, q.busy || q.last != nil)
	q.push(b)
	return b
}

func (q *Queue) push(b *Batch) {
	if q.last == nil {
		q.first = b
	} else {
		q.last.next = b
	}
	q.last = b
}

// added counts one message of size octets that has been written into b.
func (q *Queue) added(b *Batch, size int) Waker {
	b.msgs++
	b.size += size
	q.msgs++
	q.waiting++
	q.size += size
	q.total++
	if q.asleep {
		return q.wake()
	}
	return nil
}

func (q *Queue) wake() Waker {
	if q.consumer == nil {
		return nil
	}
	q.asleep = false
	return q.consumer
}

// replace makes room for the newest message of a conflating queue.
func (q *Queue) replace() {
	msgs, _ := q.Clear()
	q.conflated += uint64(msgs)
}

// Clear drops the messages that the consumer has not taken, and returns how
// many there were and their octets. The caller holds the lock.
func (q *Queue) Clear() (msgs, size int) {
	for b := q.first; b != nil; {
		next := b.next
		msgs += b.msgs
		size += b.size
		b.free()
		b = next
	}
	q.first, q.last, q.waiting = nil, nil, 0
	q.dead, q.deadLarge = 0, 0
	q.msgs -= msgs
	q.size -= size
	q.budget.Charge(-size)
	for n, _ := q.onShelf(); n > 0; n-- {
		msgs++
		size += q.discard()
	}
	q.room()
	return msgs, size
}

// Take hands all waiting messages to the consumer, which gives an account of
// them with Release or Restore. With none waiting it returns nil, and the next
// message wakes the consumer. The caller holds the lock.
func (q *Queue) Take() *Batch {
	if q.first == nil && q.sift == keepTopics {
		q.serve(served)
	}
	b := q.first
	if b == nil {
		q.asleep = true
		return nil
	}
	q.bury()
	q.busy = b.next != nil || cap(b.buf) > smallBuffer && len(b.buf) > smallBuffer
	q.first, q.last, q.waiting = nil, nil, 0
	return b
}

// Sent says that a list that was taken has been written, and gives back its
// memory. The caller holds the lock.
func (q *Queue) Sent(list *Batch) {
	for b := list; b != nil; b = b.next {
		b.recycle()
	}
	q.Release(FreeList(list))
}

// TakeBehind is Take for a consumer that has a list already: what waits comes
// behind it.
func (q *Queue) TakeBehind(list *Batch) *Batch {
	tail := list
	for tail.next != nil {
		tail = tail.next
	}
	tail.next = q.Take()
	return list
}

// Short reports whether all that waits stands in one buffer and has at most n
// octets. The caller holds the lock.
func (q *Queue) Short(n int) bool {
	return q.first != nil && q.first == q.last && len(q.first.large) == 0 && q.first.size <= n
}

// Total returns how many messages have ever been put into the queue. The caller
// holds the lock.
func (q *Queue) Total() uint64 { return q.total }

// Rest reports whether messages wait. If none does, the next one wakes the
// consumer, as after Take. The caller holds the lock.
func (q *Queue) Rest() bool {
	q.asleep = q.empty()
	return !q.asleep
}

// Release says that msgs messages of size octets have left the queue for
// good. The caller holds the lock.
func (q *Queue) Release(msgs, size int) {
	q.msgs -= msgs
	q.size -= size
	q.budget.Charge(-size)
	q.left += uint64(msgs)
	if q.full {
		q.room()
	}
}
