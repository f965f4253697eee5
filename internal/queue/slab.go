package queue

import (
	"math/bits"
	"sync"
)

// A slab is memory for the copy of one large body on its way out. It is used
// again once every queue that holds it has written it; one that is forgotten
// on the way, or given to an application of the same process, is left to the
// garbage collector. Its references are guarded by the queues' lock.
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

// newSlab returns a copy of body, with one reference.
func newSlab(body []byte) *slab {
	class, size := slabClass(len(body))
	var s *slab
	if class >= 0 {
		s, _ = slabs[class].Get().(*slab)
	}
	if s == nil {
		s = &slab{buf: make([]byte, 0, size)}
	}
	s.buf = append(s.buf[:0], body...)
	s.refs = 1
	return s
}

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
