package queue

// Restore puts what is left of a list that was taken, behind the octets that
// the connection took, back in front of the queue. A message of which the
// connection took only a part is among them: the peer discards its part (WT-104).
// It returns how many messages the connection took whole, which it releases.
// The caller holds the lock.
func (q *Queue) Restore(list *Batch, taken int) (written int) {
	size := 0
	for list != nil && taken >= list.size {
		taken -= list.size
		written += list.msgs
		size += list.size
		list.recycle()
		list = freeHead(list)
	}
	if list != nil {
		msgs, octets := list.cutFront(taken)
		written += msgs
		size += octets
		q.prepend(list)
	}
	q.Release(written, size)
	return written
}

// prepend puts a list in front of the queue. A conflating queue keeps the
// newest message alone, be it of the list or one that has come meanwhile.
func (q *Queue) prepend(list *Batch) {
	tail, msgs := list, list.msgs
	for tail.next != nil {
		tail = tail.next
		msgs += tail.msgs
	}
	q.bury()
	tail.next = q.first
	q.first = list
	if q.last == nil {
		q.last = tail
	}
	q.waiting += msgs
	if q.sift == keepNewest {
		q.SetConflate(true)
	}
}

// cutFront removes the messages of b that lie whole within its first taken
// octets on the wire, and returns how many they were and their octets.
func (b *Batch) cutFront(taken int) (msgs, size int) {
	pos, used := 0, 0
	var m Raw
	for pos < len(b.buf) {
		m.cut(b, pos, used)
		if size+m.size > taken {
			break
		}
		msgs++
		size += m.size
		pos = m.end
		used = m.large
	}
	b.dropFront(pos, used, msgs, size)
	return msgs, size
}

// dropFront forgets the first pos octets of the buffer and the first used
// large bodies.
func (b *Batch) dropFront(pos, used, msgs, size int) {
	if pos == 0 {
		return
	}
	n := copy(b.buf, b.buf[pos:])
	b.buf = b.buf[:n]
	n = copy(b.large, b.large[used:])
	clear(b.large[n:])
	b.large = b.large[:n]
	for i := range b.large {
		b.large[i].at -= pos
	}
	b.msgs -= msgs
	b.size -= size
}

// freeHead frees the first batch of a list and returns the rest.
func freeHead(b *Batch) *Batch {
	next := b.next
	b.free()
	return next
}

// FreeList gives back the buffers of a list whose messages have been dealt
// with, and returns how many messages and octets it held.
func FreeList(list *Batch) (msgs, size int) {
	for list != nil {
		msgs += list.msgs
		size += list.size
		list = freeHead(list)
	}
	return msgs, size
}
