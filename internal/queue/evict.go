package queue

// Evict makes room for a message of size octets by dropping the oldest of those
// that the consumer has not taken, and returns how many it dropped. What the
// consumer has taken is not its to drop, and does not count: the message that
// comes next always has a place, behind at most as many as the marks allow. The
// caller holds the lock, has found that the message does not fit, and appends it
// now.
func (q *Queue) Evict(size int) (msgs int) {
	waiting, octets := q.onShelf()
	waiting += q.waiting
	for b := q.first; b != nil; b = b.next {
		octets += b.size
	}
	for ; waiting > 0 && !q.marks.admit(waiting, octets, size); waiting-- {
		if q.waiting > 0 {
			octets -= q.dropOldest()
		} else {
			octets -= q.discard()
		}
		msgs++
	}
	return msgs
}

// admit reports whether a queue of so many messages and octets has room for one
// of size octets.
func (m Marks) admit(msgs, octets, size int) bool {
	return (m.Messages == 0 || msgs < m.Messages) && (m.Bytes == 0 || octets+size <= m.Bytes || msgs == 0)
}

// dropOldest drops the oldest message that waits, and returns its octets. What it
// leaves in the buffer goes when the rest is taken: to move the rest each time
// would cost more than the message.
func (q *Queue) dropOldest() (size int) {
	b := q.first
	var m Raw
	m.cut(b, q.dead, q.deadLarge)
	for i, p := range b.large[m.used:m.large] {
		if p.slab != nil {
			p.slab.release()
		}
		b.large[m.used+i] = part{at: p.at}
	}
	b.msgs--
	b.size -= m.size
	q.msgs--
	q.waiting--
	q.size -= m.size
	q.budget.Charge(-m.size)
	q.dead, q.deadLarge = m.end, m.large
	if m.end == len(b.buf) {
		q.dead, q.deadLarge = 0, 0
		if q.first = freeHead(b); q.first == nil {
			q.last = nil
		}
	}
	return m.size
}

// bury removes what dropOldest has left in the buffer of the first batch.
func (q *Queue) bury() {
	if q.dead > 0 {
		q.first.dropFront(q.dead, q.deadLarge, 0, 0)
		q.dead, q.deadLarge = 0, 0
	}
}
