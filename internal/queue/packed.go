package queue

import "slices"

// Packed is one message encoded once for many queues. Its large bodies are
// copied once and shared. The zero value is ready; it may be used again and
// again, under the lock of the queues it goes to.
type Packed struct {
	b    Batch
	size int
}

// Set encodes a message in place of the one before.
func (p *Packed) Set(frames [][]byte) {
	p.Reset()
	for i, f := range frames {
		var s *slab
		if len(f) >= LargeBody {
			s = newSlab(len(f))
			s.fill(f)
		}
		p.b.appendFrame(i < len(frames)-1, f, s)
	}
	p.size, _ = wireSize(frames)
}

// SetTight is Set for a message that is kept for long: it takes no more memory
// than that needs, or than one before it has needed.
func (p *Packed) SetTight(frames [][]byte) {
	p.Reset()
	if _, inline := wireSize(frames); cap(p.b.buf) < inline {
		p.b.buf = slices.Grow([]byte(nil), inline)
	}
	p.Set(frames)
}

// Memory returns the octets of memory that the message takes.
func (p *Packed) Memory() int {
	n := cap(p.b.buf)
	for _, l := range p.b.large {
		n += cap(l.slab.buf)
	}
	return n
}

// Reset forgets the message, and gives up the memory that only p still holds.
func (p *Packed) Reset() {
	p.b.recycle()
	clear(p.b.large)
	p.b.buf, p.b.large = p.b.buf[:0], p.b.large[:0]
	if cap(p.b.buf) > largeBuffer {
		p.b.buf = nil
	}
}

// trim forgets the message, and gives up a buffer that is much too large for the
// next one, of which inline octets stand there: what a peer keeps here is counted
// by its octets.
func (p *Packed) trim(inline int) {
	p.Reset()
	if c := cap(p.b.buf); c > smallBuffer && c/4 > inline {
		p.b.buf = nil
	}
}

// topic returns the first frame. It stays the message's.
func (p *Packed) topic() []byte {
	_, head, n := frameAt(p.b.buf)
	if l := p.b.large; len(l) > 0 && l[0].at == head {
		return l[0].body
	}
	return p.b.buf[head : head+n]
}

// share makes p the same message as another one, with which it shares large bodies.
func (p *Packed) share(other *Packed) {
	p.Reset()
	p.b.buf = append(p.b.buf, other.b.buf...)
	for _, l := range other.b.large {
		l.slab.refs++
		p.b.large = append(p.b.large, l)
	}
	p.size = other.size
}

// receive makes p a message that stands in b. Its large bodies are p's from then
// on.
func (p *Packed) receive(b *Batch, m *Raw) {
	p.Reset()
	p.b.buf = append(p.b.buf, b.buf[m.pos:m.end]...)
	for _, l := range b.large[m.used:m.large] {
		l.at -= m.pos
		p.b.large = append(p.b.large, l)
	}
	p.size = m.size
}

// Size returns the octets on the wire.
func (p *Packed) Size() int { return p.size }

// AppendPacked is Append for an encoded message.
func (q *Queue) AppendPacked(p *Packed) Waker {
	if q.sift != keepAll {
		if wake, done := q.shelvePacked(p); done {
			return wake
		}
	}
	b := q.open(len(p.b.buf))
	at := len(b.buf)
	b.buf = append(b.buf, p.b.buf...)
	for _, l := range p.b.large {
		l.at += at
		l.slab.refs++
		b.large = append(b.large, l)
	}
	return q.added(b, p.size)
}
