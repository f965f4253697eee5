package queue

import "bytes"

// What of one message may come from a block: larger ones get allocations of
// their own.
const (
	maxPacked = 1<<10 + 16 // octets, with the frame's header
	maxHeads  = 16         // frames
)

// The blocks that small messages are cut from. Each is one allocation of
// exactly 8 KiB, with the 8 octets that the runtime puts in front of memory
// that holds pointers; one octet more would make it 9.25 KiB. It holds both the
// slice headers and the bodies, so keeping one small message keeps at most
// 8 KiB. They differ in the share of headers, for different sizes of body.
type (
	block24 struct { // bodies around 24 octets
		heads  [168][]byte
		bodies [4152]byte
	}
	block104 struct { // around 104
		heads  [64][]byte
		bodies [6648]byte
	}
	block268 struct { // around 268
		heads  [28][]byte
		bodies [7512]byte
	}
	block1k struct { // up to maxPacked
		heads  [16][]byte
		bodies [7800]byte
	}
)

// An Arena cuts the memory of received messages from blocks, so that a small
// message costs a small part of an allocation. What it returns belongs to the
// application for good: the arena never touches it again. It is not safe for
// concurrent use.
type Arena struct {
	heads  [][]byte // of the present block
	bodies []byte
	head   int // heads cut so far
	body   int // octets of bodies cut so far
}

// Message copies m out as frames that belong to the caller. It leaves out the
// first skip frames; a non-nil prefix becomes the first frame.
func (a *Arena) Message(m *Raw, prefix []byte, skip int) [][]byte {
	n := m.frames - skip
	if prefix != nil {
		n++
	}
	need := m.octets() + len(prefix) // a little more than the bodies take
	if need > maxPacked || n > maxHeads || m.large > m.used {
		return a.heavy(m, prefix, skip, n)
	}
	if a.head+n > len(a.heads) || a.body+need > len(a.bodies) {
		a.refill(need / n)
	}
	heads := a.heads[a.head : a.head+n : a.head+n]
	a.head += n
	if m.frames == 1 && n == 1 && prefix == nil {
		_, head, size := frameAt(m.b.buf[m.pos:m.end])
		body := a.bodies[a.body : a.body+size : a.body+size]
		copy(body, m.b.buf[m.pos+head:m.end])
		a.body += size
		heads[0] = body
		return heads
	}
	rest := m.fill(heads, a.bodies[a.body:a.body:a.body+need], prefix, skip)
	a.body += len(rest)
	return heads
}

// heavy gives a message that is too large for a block allocations of its own:
// one for all small bodies together. One with a large body gets them whatever
// its size: a slice header in a block would keep that body for as long as the
// application keeps any message of the block.
func (a *Arena) heavy(m *Raw, prefix []byte, skip, n int) [][]byte {
	heads := make([][]byte, n)
	if m.frames == 1 && n == 1 && prefix == nil && m.large == m.used {
		_, head, _ := frameAt(m.b.buf[m.pos:m.end])
		heads[0] = bytes.Clone(m.b.buf[m.pos+head : m.end])
		return heads
	}
	small := len(prefix)
	for w, i := m.walk(), 0; i < m.frames; i++ {
		if p := w.next(); i >= skip && len(p.body) < LargeBody {
			small += len(p.body)
		}
	}
	m.fill(heads, make([]byte, 0, small), prefix, skip)
	return heads
}

// fill puts the frames of m into heads, copying small bodies behind each
// other into bodies, which has the room. It returns bodies with what it used.
func (m *Raw) fill(heads [][]byte, bodies, prefix []byte, skip int) []byte {
	w := m.walk()
	for ; skip > 0; skip-- {
		w.next()
	}
	for i := range heads {
		body := prefix
		if i > 0 || prefix == nil {
			p := w.next()
			if !p.shared {
				heads[i] = p.body
				continue
			}
			if body = p.body; len(body) >= LargeBody {
				heads[i] = bytes.Clone(body)
				continue
			}
		}
		at := len(bodies)
		bodies = append(bodies, body...)
		heads[i] = bodies[at:len(bodies):len(bodies)]
	}
	return bodies
}

// refill starts a new block, shaped for the mean body of the last one, or for
// n octets a body at the start.
func (a *Arena) refill(n int) {
	mean := n
	if a.head > 0 {
		mean = a.body / a.head
	}
	a.head, a.body = 0, 0
	switch {
	case mean <= 32:
		b := new(block24)
		a.heads, a.bodies = b.heads[:], b.bodies[:]
	case mean <= 128:
		b := new(block104)
		a.heads, a.bodies = b.heads[:], b.bodies[:]
	case mean <= 300:
		b := new(block268)
		a.heads, a.bodies = b.heads[:], b.bodies[:]
	default:
		b := new(block1k)
		a.heads, a.bodies = b.heads[:], b.bodies[:]
	}
}
