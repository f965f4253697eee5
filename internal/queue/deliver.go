package queue

// Deliver moves the whole messages to q, as far as q has room, and reports
// whether that was all. The caller holds q's lock and wakes the consumer
// returned, unless nil, once it has given up the lock.
func (d *Decoder) Deliver(q *Queue) (all bool, wake Waker) {
	if d.msgs == 0 {
		return true, nil
	}
	if room, octets := q.Space(); d.msgs <= room && d.size <= octets && q.sift == keepAll {
		if b := q.last; d.start > 0 || b != nil && d.end < cap(d.b.buf)/2 && cap(b.buf)-len(b.buf) >= d.end {
			d.copyTo(q, d.end, len(d.b.large[:d.parts]), d.msgs, d.size)
			d.settle()
		} else {
			d.handOver(q)
		}
		if q.asleep {
			wake = q.wake()
		}
		return true, wake
	}
	if q.sift == keepTopics {
		return d.deliverTopics(q)
	}
	for d.msgs > 0 {
		to, parts, msgs, size := d.fitting(q)
		if msgs == 0 {
			q.full, q.short = true, q.budget != nil
			return false, wake
		}
		if q.sift == keepNewest {
			q.replace()
		}
		d.copyTo(q, to, parts, msgs, size)
		if q.asleep {
			wake = q.wake()
		}
	}
	d.settle()
	return true, wake
}

// fitting returns where the messages end that q has room for, how many they
// are, and how many large bodies and octets they have: one message at a time
// if q conflates.
func (d *Decoder) fitting(q *Queue) (to, parts, msgs, size int) {
	to = d.start
	room, octets := q.Space()
	var m Raw
	for msgs < min(d.msgs, room) {
		m.cut(d.b, to, parts)
		if size+m.size > octets && (msgs > 0 || q.msgs > 0) {
			break
		}
		to, parts = m.end, m.large
		msgs++
		size += m.size
	}
	return to, parts, msgs, size
}

// copyTo copies the messages up to position to into the queue's own buffers;
// parts of their bodies are large.
func (d *Decoder) copyTo(q *Queue, to, parts, msgs, size int) {
	b := q.open(to - d.start)
	at := len(b.buf)
	b.buf = append(b.buf, d.b.buf[d.start:to]...)
	for _, p := range d.b.large[:parts] {
		p.at += at - d.start
		b.large = append(b.large, p)
	}
	d.drop(to, parts)
	d.msgs -= msgs
	d.size -= size
	q.count(b, msgs, size)
}

// deliverTopics is Deliver for a queue that keeps the newest of each topic.
func (d *Decoder) deliverTopics(q *Queue) (all bool, wake Waker) {
	var m Raw
	for d.msgs > 0 {
		m.cut(d.b, d.start, 0)
		topic := m.Frame(0)
		if room, octets := q.Space(); room <= 0 || m.size > octets && q.msgs > 0 {
			if !q.Replaces(m.size, topic) {
				q.full, q.short = true, q.budget != nil
				return false, wake
			}
		}
		s := q.slot(q.shelf.hash(topic), topic, m.octets())
		s.packed.receive(d.b, &m)
		if w := q.shelved(s); w != nil {
			wake = w
		}
		d.drop(m.end, m.large)
		d.msgs--
		d.size -= m.size
	}
	d.settle()
	return true, wake
}

// drop forgets the octets up to position to, and so many large bodies.
func (d *Decoder) drop(to, parts int) {
	n := copy(d.b.large, d.b.large[parts:])
	clear(d.b.large[n:])
	d.b.large = d.b.large[:n]
	d.parts -= parts
	d.start = to
}

func (q *Queue) count(b *Batch, msgs, size int) {
	b.msgs += msgs
	b.size += size
	q.msgs += msgs
	q.waiting += msgs
	q.size += size
	q.budget.Charge(size)
	q.total += uint64(msgs)
}

// settle moves what is unfinished to the front of the buffer.
func (d *Decoder) settle() {
	b := d.b
	n := copy(b.buf, b.buf[d.end:])
	b.buf = b.buf[:n]
	for i := range b.large {
		b.large[i].at -= d.end
	}
	d.kept -= d.end
	d.start, d.end = 0, 0
}

// handOver gives the buffer itself to the queue and goes on with a new one.
func (d *Decoder) handOver(q *Queue) {
	b := d.b
	rest, large := b.buf[d.end:], b.large[d.parts:]
	d.b = newBatch(len(rest), d.busy)
	d.b.buf = append(d.b.buf, rest...)
	d.b.large = append(d.b.large, large...)
	for i := range d.b.large {
		d.b.large[i].at -= d.end
	}
	clear(large)
	b.buf, b.large = b.buf[:d.end], b.large[:d.parts]
	q.push(b)
	q.count(b, d.msgs, d.size)
	d.kept -= d.end
	d.start, d.end, d.parts, d.msgs, d.size = 0, 0, 0, 0, 0
}
