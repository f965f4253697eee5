package queue

import "math"

// A Reader is the end of a queue from which the application's messages are
// taken one by one. It touches the queue's lock once a batch, not once a
// message. It is not safe for concurrent use.
type Reader struct {
	q     *Queue
	b     *Batch // taken; the first one is being read
	pos   int    // in b.buf
	used  int    // of b.large
	step  int    // messages after which to release
	steps int    // octets after which to release
	msgs  int    // read, not yet released
	size  int
	ahead int // messages taken and not yet read
	raw   Raw

	sealed bool  // nothing more comes from q, and nothing is owed to it
	last   Depth // of q when the reader was sealed
	kept   int   // what the budget has for a sealed reader
}

// NewReader returns the reading end of q.
func NewReader(q *Queue) *Reader { return &Reader{q: q} }

// Queue returns the queue it reads from.
func (r *Reader) Queue() *Queue { return r.q }

// Next returns the next message, or nil when there is none; then the queue's
// consumer is woken by the next one. The message is valid until Done. It takes
// the queue's lock when it has nothing more at hand.
func (r *Reader) Next() *Raw {
	if r.b == nil {
		if r.sealed {
			return nil
		}
		r.q.Lock()
		r.release()
		r.q.offer()
		if r.q.first == nil && r.q.producer != nil {
			r.q.producer.Refill(r.q)
			r.q.offer()
		}
		r.step, r.steps = r.q.Step()
		r.ahead = r.q.waiting
		r.b = r.q.Take()
		r.q.Unlock()
		if r.b == nil {
			return nil
		}
		r.pos, r.used = 0, 0
	}
	r.raw.cut(r.b, r.pos, r.used)
	return &r.raw
}

// Done ends the message that Next returned.
func (r *Reader) Done() {
	r.pos, r.used = r.raw.end, r.raw.large
	r.ahead--
	if r.pos == len(r.b.buf) {
		kept := r.b.kept
		r.b = freeHead(r.b)
		r.pos, r.used = 0, 0
		if r.sealed {
			r.giveBack(kept)
		}
	}
	if r.sealed {
		return
	}
	r.msgs++
	r.size += r.raw.size
	if r.msgs >= r.step || r.size >= r.steps || r.b == nil {
		r.q.Lock()
		r.release()
		r.q.Unlock()
	}
}

// Settle releases the messages that are done, without waiting until there are
// more. The caller holds the queue's lock.
func (r *Reader) Settle() { r.release() }

func (r *Reader) release() {
	if r.msgs > 0 {
		r.q.Release(r.msgs, r.size)
		r.msgs, r.size = 0, 0
	}
}

// Unread returns how many messages are still to be read, at hand and in the
// queue, their octets, and the depth of the queue in the same instant; once the
// reader is sealed, the depth in the instant when it was.
func (r *Reader) Unread() (msgs, size int, d Depth) {
	if r.sealed {
		return r.ahead, r.sizeAhead(), r.last
	}
	r.q.Lock()
	defer r.q.Unlock()
	return r.q.msgs - r.msgs, r.q.size - r.size, r.q.Depth()
}

// sizeFrom returns the octets on the wire behind a position.
func (b *Batch) sizeFrom(pos, used int) int {
	n := len(b.buf) - pos
	for _, p := range b.large[used:] {
		n += len(p.body)
	}
	return n
}

// Sealed reports whether the reader has been cut off from its queue.
func (r *Reader) Sealed() bool { return r.sealed }

// Seal cuts the reader off from its queue: it keeps what the queue holds now
// for itself, and what comes later is not for it. The caller does not hold the
// queue's lock. It returns how many messages had been put into the queue by
// then; sealing again changes nothing.
func (r *Reader) Seal() (total uint64) {
	if r.sealed {
		return r.last.Total
	}
	r.q.Lock()
	defer r.q.Unlock()
	r.takeAll()
	r.leave()
	r.q.Release(r.ahead+r.msgs, r.size+r.sizeAhead())
	r.msgs, r.size = 0, 0
	r.sealed, r.last = true, r.q.Depth()
	return r.last.Total
}

// Append puts a message behind all that a sealed reader has kept. It copies the
// frames, and counts as one that came through the queue.
func (r *Reader) Append(frames [][]byte) {
	b := newMessage(frames)
	if r.b == nil {
		r.b, r.pos, r.used = b, 0, 0
	} else {
		tail := r.b
		for tail.next != nil {
			tail = tail.next
		}
		tail.next = b
	}
	r.ahead++
	r.last.Total++
	r.last.Left++
	if r.q.budget == nil {
		return
	}
	b.kept = cap(b.buf)
	for _, p := range b.large {
		b.kept += cap(p.body)
	}
	n := b.kept
	if r.kept == 0 {
		n += Keep
	}
	r.kept += n
	r.q.budget.Leave(n)
}

// leave tells the budget what is left behind: the memory and not the octets on
// the wire, for a peer that comes to leave one octet again and again.
func (r *Reader) leave() {
	if r.q.budget == nil || r.b == nil {
		return
	}
	r.kept = Keep
	for b := r.b; b != nil; b = b.next {
		b.kept = cap(b.buf)
		for _, p := range b.large {
			b.kept += cap(p.body)
		}
		r.kept += b.kept
	}
	r.q.budget.Leave(r.kept)
}

// giveBack tells the budget that so many octets are left behind no more, and if
// nothing is, that the rest goes with them.
func (r *Reader) giveBack(n int) {
	if r.b == nil {
		n = r.kept
	}
	if n > 0 {
		r.kept -= n
		r.q.budget.Return(n)
	}
}

// Wipe throws away everything there is to read now, and returns how many
// messages that were. The caller does not hold the queue's lock.
func (r *Reader) Wipe() (msgs int) {
	if !r.sealed {
		r.q.Lock()
		defer r.q.Unlock()
		r.takeAll()
		r.msgs, r.size = r.msgs+r.ahead, r.size+r.sizeAhead()
		r.release()
	}
	msgs = r.ahead
	FreeList(r.b)
	r.b, r.ahead = nil, 0
	if r.sealed {
		r.giveBack(r.kept)
	}
	return msgs
}

// takeAll takes what waits in the queue behind what is at hand.
func (r *Reader) takeAll() {
	if r.q.sift == keepTopics {
		r.q.serve(math.MaxInt)
	}
	rest := r.q.Take()
	if r.b == nil {
		r.b, r.pos, r.used = rest, 0, 0
	} else {
		tail := r.b
		for tail.next != nil {
			tail = tail.next
		}
		tail.next = rest
	}
	for b := rest; b != nil; b = b.next {
		r.ahead += b.msgs
	}
}

// sizeAhead returns the octets of the messages at hand that are not read yet.
func (r *Reader) sizeAhead() int {
	if r.b == nil {
		return 0
	}
	size := r.b.sizeFrom(r.pos, r.used)
	for b := r.b.next; b != nil; b = b.next {
		size += b.size
	}
	return size
}
