package queue

import (
	"encoding/binary"
	"sync"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// LargeBody is the size in octets from which a frame's body is kept outside
// the batch's buffer, in memory of its own.
const LargeBody = 16 << 10

// maxShort is the largest body of a short frame, whose header is 2 octets.
const maxShort = 255

// Buffers come in two sizes: a small one for a peer that says little, so that
// ten thousand quiet peers cost little, and a large one once a peer is busy,
// so that one system call moves much.
const (
	smallBuffer = 1 << 10
	largeBuffer = 64 << 10
)

var (
	smallBatches = sync.Pool{New: func() any { return &Batch{buf: make([]byte, 0, smallBuffer)} }}
	largeBatches = sync.Pool{New: func() any { return &Batch{buf: make([]byte, 0, largeBuffer)} }}
)

// A Batch is a run of whole messages in wire form. Batches are chained into
// lists in the order the messages were queued.
type Batch struct {
	buf   []byte // frames; the header of a large body is here, the body is not
	large []part // the large bodies, by position
	msgs  int    // whole messages
	size  int    // octets on the wire, large bodies included
	kept  int    // octets of memory that the budget has for it, once its producer is gone
	next  *Batch
}

// A part is a large body that belongs into the frames at position at.
type part struct {
	at     int
	body   []byte
	slab   *slab // that the body is in; nil if it has memory of its own
	shared bool  // other queues hold the same memory: nobody may change it or give it away
}

// newBatch returns an empty batch with room for n octets; busy asks for the
// large size in any case.
func newBatch(n int, busy bool) *Batch {
	switch {
	case n > largeBuffer:
		return &Batch{buf: make([]byte, 0, n)}
	case n > smallBuffer || busy:
		return largeBatches.Get().(*Batch)
	default:
		return smallBatches.Get().(*Batch)
	}
}

// newMessage returns a batch of one message.
func newMessage(frames [][]byte) *Batch {
	wire, inline := wireSize(frames)
	b := newBatch(inline, false)
	for i, f := range frames {
		b.appendFrame(i < len(frames)-1, f, nil)
	}
	b.msgs, b.size = 1, wire
	return b
}

// free gives the buffer of one batch back. The caller keeps nothing of it.
func (b *Batch) free() {
	clear(b.large)
	buf, large := b.buf[:0], b.large[:0]
	if cap(large) > 64 {
		large = nil
	}
	*b = Batch{buf: buf, large: large}
	switch cap(buf) {
	case smallBuffer:
		smallBatches.Put(b)
	case largeBuffer:
		largeBatches.Put(b)
	}
}

// Next returns the batch behind b in its list.
func (b *Batch) Next() *Batch { return b.next }

// Size returns the octets on the wire.
func (b *Batch) Size() int { return b.size }

// Bytes returns what stands in the buffer, which is all of a batch without
// large bodies. It stays the batch's.
func (b *Batch) Bytes() []byte { return b.buf }

// AppendBuffers appends to dst what the wire gets, in order. The slices stay
// the batch's.
func (b *Batch) AppendBuffers(dst [][]byte) [][]byte {
	from := 0
	for _, p := range b.large {
		dst = append(dst, b.buf[from:p.at], p.body)
		from = p.at
	}
	if from < len(b.buf) {
		dst = append(dst, b.buf[from:])
	}
	return dst
}

// frameAt reads the frame header at the start of b. The frames of a batch
// have been checked or written by this package, so nothing is checked again.
func frameAt(b []byte) (flags byte, head, size int) {
	flags = b[0]
	if flags&zmtp.FlagLong == 0 {
		return flags, 2, int(b[1])
	}
	return flags, 9, int(binary.BigEndian.Uint64(b[1:9]))
}

// appendFrame appends one frame to b. A large body is copied into a slab, or
// stands in one that is shared with other queues.
func (b *Batch) appendFrame(more bool, body []byte, shared *slab) {
	var flags byte
	if more {
		flags = zmtp.FlagMore
	}
	if len(body) <= maxShort {
		b.buf = append(b.buf, flags, byte(len(body)))
		b.buf = append(b.buf, body...)
		return
	}
	b.buf = zmtp.AppendHeader(b.buf, flags, len(body))
	if len(body) < LargeBody {
		b.buf = append(b.buf, body...)
		return
	}
	s := shared
	if s == nil {
		s = newSlab(len(body))
		s.fill(body)
	}
	b.large = append(b.large, part{at: len(b.buf), body: s.buf[:len(body):len(body)], slab: s, shared: shared != nil})
}

// recycle gives up the slabs of a batch that has been written. The caller
// holds the queue's lock.
func (b *Batch) recycle() {
	for _, p := range b.large {
		if p.slab != nil {
			p.slab.release()
		}
	}
}

// wireSize returns the octets that frames take on the wire, and how many of
// them stand in a batch's buffer.
func wireSize(frames [][]byte) (wire, inline int) {
	for _, f := range frames {
		switch n := len(f); {
		case n <= maxShort:
			wire += 2 + n
			inline += 2 + n
		case n < LargeBody:
			wire += 9 + n
			inline += 9 + n
		default:
			wire += 9 + n
			inline += 9
		}
	}
	return wire, inline
}
