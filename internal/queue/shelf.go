package queue

import (
	"bytes"
	"hash/maphash"
	"math"
	"sync"
)

// What of its messages a queue keeps.
type sift uint8

const (
	keepAll    sift = iota
	keepNewest      // the newest one alone (ZMQ_CONFLATE)
	keepTopics      // of each topic the newest
)

// served is how many octets leave the shelf for the wire at a time: what has left
// it is not replaced any more.
const served = largeBuffer

// A shelf is where the messages of a queue wait that keeps only the newest of each
// topic, which is the first frame. They leave it, to stand in batches as in any
// queue, when the consumer asks for some; so a batch never has a hole. A message
// takes the place of the one that it replaces: a topic that is never silent comes
// to its turn, and holds up no other.
type shelf struct {
	first, last *slot            // in the order in which the topics began to wait
	index       map[uint64]*slot // by the hash of the topic
	seed        maphash.Seed     // which no peer can guess
	msgs, size  int
}

// A slot is the place of one topic.
type slot struct {
	next   *slot
	chain  *slot // others of the same hash
	hash   uint64
	packed Packed
}

// The slots that are used again, by the size of their buffers.
var (
	smallSlots = sync.Pool{New: func() any { return new(slot) }}
	largeSlots = sync.Pool{New: func() any { return new(slot) }}
)

// SetConflateTopics says whether the queue keeps only the newest message of each
// topic from now on. Of those that wait already, all stay. A queue that keeps the
// newest message alone goes on to do so. The caller holds the lock.
func (q *Queue) SetConflateTopics(on bool) {
	switch {
	case on && q.sift == keepAll:
		q.sift = keepTopics
		if q.shelf == nil {
			q.shelf = &shelf{index: make(map[uint64]*slot), seed: maphash.MakeSeed()}
		}
	case !on && q.sift == keepTopics:
		q.serve(math.MaxInt)
		q.sift = keepAll
	}
}

// Replaces reports whether a message of size octets would take the place of one
// of the same topic that waits, so that there is room for it though it does not
// fit. The caller holds the lock.
func (q *Queue) Replaces(size int, topic []byte) bool {
	if q.sift != keepTopics {
		return false
	}
	s := q.shelf.find(q.shelf.hash(topic), topic)
	if s == nil {
		return false
	}
	grown := size - s.packed.size
	if grown <= 0 || q.msgs == 1 {
		return true
	}
	if q.budget != nil && !q.exempt && grown > max(q.budget.Left(), Share-q.size) {
		return false
	}
	return q.marks.Bytes == 0 || q.size+grown <= q.marks.Bytes
}

// shelve is the part of Append that queues have which do not keep all; what is
// published, and so has a topic, has no prefix. It reports whether that was all.
func (q *Queue) shelve(frames [][]byte) (wake Waker, done bool) {
	if q.sift == keepNewest {
		q.replace()
		return nil, false
	}
	_, inline := wireSize(frames)
	s := q.slot(q.shelf.hash(frames[0]), frames[0], inline)
	s.packed.Set(frames)
	return q.shelved(s), true
}

// shelvePacked is shelve for an encoded message.
func (q *Queue) shelvePacked(p *Packed) (wake Waker, done bool) {
	if q.sift == keepNewest {
		q.replace()
		return nil, false
	}
	topic := p.topic()
	s := q.slot(q.shelf.hash(topic), topic, len(p.b.buf))
	s.packed.share(p)
	return q.shelved(s), true
}

// slot returns the place for a message of a topic with that hash, of which inline
// octets stand in a buffer. What was there is not counted any more; the message is
// once it is there.
func (q *Queue) slot(hash uint64, topic []byte, inline int) *slot {
	h := q.shelf
	if s := h.find(hash, topic); s != nil {
		q.conflated++
		q.weigh(-1, -s.packed.size)
		s.packed.trim(inline)
		return s
	}
	pool := &smallSlots
	if inline > smallBuffer {
		pool = &largeSlots
	}
	s := pool.Get().(*slot)
	s.packed.trim(inline)
	s.hash, s.chain = hash, h.index[hash]
	h.index[hash] = s
	if h.last == nil {
		h.first = s
	} else {
		h.last.next = s
	}
	h.last = s
	return s
}

// shelved counts the message that has been put into a slot.
func (q *Queue) shelved(s *slot) Waker {
	q.weigh(1, s.packed.size)
	q.total++
	if q.asleep {
		return q.wake()
	}
	return nil
}

// weigh counts messages more on the shelf, or less.
func (q *Queue) weigh(msgs, size int) {
	q.shelf.msgs += msgs
	q.shelf.size += size
	q.msgs += msgs
	q.size += size
	q.budget.Charge(size)
}

// take takes the oldest slot from the shelf, which stays counted.
func (h *shelf) take() *slot {
	s := h.first
	if h.first = s.next; h.first == nil {
		h.last = nil
	}
	if at := h.index[s.hash]; at == s && s.chain == nil {
		delete(h.index, s.hash)
	} else if at == s {
		h.index[s.hash] = s.chain
	} else {
		for at.chain != s {
			at = at.chain
		}
		at.chain = s.chain
	}
	s.next, s.chain = nil, nil
	return s
}

func (h *shelf) hash(topic []byte) uint64 { return maphash.Bytes(h.seed, topic) }

func (h *shelf) find(hash uint64, topic []byte) *slot {
	s := h.index[hash]
	for s != nil && !bytes.Equal(s.packed.topic(), topic) {
		s = s.chain
	}
	return s
}

// serve moves messages from the shelf into batches: one, and more as far as they
// have at most so many octets together.
func (q *Queue) serve(octets int) {
	h := q.shelf
	for moved := 0; h.first != nil && (moved == 0 || h.first.packed.size <= octets-moved); {
		s := h.take()
		p := &s.packed
		moved += p.size
		h.msgs--
		h.size -= p.size
		b := q.open(len(p.b.buf))
		at := len(b.buf)
		b.buf = append(b.buf, p.b.buf...)
		for _, l := range p.b.large {
			l.at += at
			b.large = append(b.large, l)
		}
		b.msgs++
		b.size += p.size
		q.waiting++
		clear(p.b.large) // they are the batch's now
		p.b.large = p.b.large[:0]
		s.free()
	}
}

// offer moves one message from the shelf into a batch, if none is there: what a
// reader has not asked for is still replaced by what comes.
func (q *Queue) offer() {
	if q.first == nil && q.sift == keepTopics {
		q.serve(0)
	}
}

// discard drops the oldest message of the shelf, and returns its octets.
func (q *Queue) discard() (size int) {
	s := q.shelf.take()
	size = s.packed.size
	q.weigh(-1, -size)
	s.free()
	return size
}

func (s *slot) free() {
	s.packed.Reset()
	if cap(s.packed.b.buf) > smallBuffer {
		largeSlots.Put(s)
	} else {
		smallSlots.Put(s)
	}
}

// empty reports whether nothing waits.
func (q *Queue) empty() bool { return q.first == nil && (q.sift != keepTopics || q.shelf.first == nil) }

// onShelf returns how many messages wait there, and their octets.
func (q *Queue) onShelf() (msgs, size int) {
	if q.shelf == nil {
		return 0, 0
	}
	return q.shelf.msgs, q.shelf.size
}
