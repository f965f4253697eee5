package queue

// Packed is one message encoded once for many queues. Its large bodies are
// copied once and shared. The zero value is ready; it may be used again and
// again, under the lock of the queues it goes to.
type Packed struct {
	b    Batch
	size int
}

// Set encodes a message.
func (p *Packed) Set(frames [][]byte) {
	clear(p.b.large)
	p.b.buf, p.b.large = p.b.buf[:0], p.b.large[:0]
	p.size = 0
	if cap(p.b.buf) > largeBuffer {
		p.b.buf = nil
	}
	for i, f := range frames {
		if len(f) >= LargeBody {
			f = append([]byte(nil), f...)
		}
		p.b.appendFrame(i < len(frames)-1, f, true)
	}
	p.size, _ = wireSize(frames)
}

// Size returns the octets on the wire.
func (p *Packed) Size() int { return p.size }

// AppendPacked is Append for an encoded message.
func (q *Queue) AppendPacked(p *Packed) Waker {
	if q.conflate {
		q.replace()
	}
	b := q.open(len(p.b.buf))
	at := len(b.buf)
	b.buf = append(b.buf, p.b.buf...)
	for _, l := range p.b.large {
		l.at += at
		b.large = append(b.large, l)
	}
	return q.added(b, p.size)
}
