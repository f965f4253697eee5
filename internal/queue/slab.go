package queue

import (
	"math/bits"
	"sync"
)

// A slab is memory for one large body. On its way out the body is a copy that
// several queues may hold; the slab is used again once all have written it. One
// that came in is handed to the application. What is forgotten on the way is
// left to the garbage collector. The references are guarded by the lock of the
// queues; a slab that the application got has one.
type slab struct {
	buf  []byte
	refs int
}

// Slabs come in four sizes an octave, so that at most a fifth of one is idle.
const (
	minSlabBits = 14 // of LargeBody
	maxSlabBits = 23 // of the largest that are used again: 8 MiB
)

var slabs [4 * (maxSlabBits - minSlabBits + 1)]sync.Pool

// slabClass returns which pool has memory for n octets, LargeBody or more, and
// its size; class is -1 if none has.
func slabClass(n int) (class, size int) {
	k := bits.Len(uint(n - 1))
	if k > maxSlabBits {
		return -1, n
	}
	quarters := (n + 1<<(k-3) - 1) >> (k - 3) // of the octave: 5 to 8
	return 4*(k-minSlabBits) + quarters - 5, quarters << (k - 3)
}

// newSlab returns an empty slab with room for n octets, and one reference.
func newSlab(n int) *slab {
	class, size := slabClass(n)
	if class >= 0 {
		if s, ok := slabs[class].Get().(*slab); ok {
			s.refs = 1
			return s
		}
	}
	return &slab{buf: make([]byte, 0, size), refs: 1}
}

// fill makes s hold a copy of body.
func (s *slab) fill(body []byte) { s.buf = append(s.buf[:0], body...) }

// release gives up one reference.
func (s *slab) release() {
	s.refs--
	if s.refs > 0 {
		return
	}
	if class, size := slabClass(cap(s.buf)); class >= 0 && size == cap(s.buf) {
		slabs[class].Put(s)
	}
}
