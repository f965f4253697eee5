package socket

import (
	"math/bits"
	"sync"
)

// A chunk is memory for encrypted traffic on its way: in for as long as what is
// in it is not whole, out for as long as it is not written.
type chunk struct{ buf []byte }

// Chunks come in powers of two, from what a quiet connection needs to what is
// still used again. The usual one is what a busy connection has.
const (
	minChunkBits = 10
	maxChunkBits = 23
	smallChunk   = 1 << minChunkBits
	usualChunk   = 64 << 10
)

var chunks [maxChunkBits - minChunkBits + 1]sync.Pool

// newChunk returns an empty chunk with room for n octets or more. What is in the
// room is not zero: memory that announcements ask for costs nothing until it is
// used.
func newChunk(n int) *chunk {
	k := bits.Len(uint(max(n, smallChunk) - 1))
	if k > maxChunkBits {
		return &chunk{make([]byte, 0, n)}
	}
	if c, ok := chunks[k-minChunkBits].Get().(*chunk); ok {
		return c
	}
	return &chunk{make([]byte, 0, 1<<k)}
}

// free gives the memory back. The caller keeps nothing of it.
func (c *chunk) free() {
	n := cap(c.buf)
	if k := bits.Len(uint(n)) - 1; k >= minChunkBits && k <= maxChunkBits && n == 1<<k {
		c.buf = c.buf[:0]
		chunks[k-minChunkBits].Put(c)
	}
}

// room returns how many octets fit in behind what is there.
func (c *chunk) room() int { return cap(c.buf) - len(c.buf) }
