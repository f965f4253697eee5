package pattern

import (
	"math/bits"
	"math/rand/v2"
)

// table finds numbers (of nodes, of links) by the hash of what they stand for. Different things may share a hash: the
// caller checks each number it is given. A cell takes 8 bytes without a pointer, and a table is at most 3/4 full, so
// it costs about half as much as a map from the things themselves, and the garbage collector nothing.
//
// The zero table is empty and ready to use.
type table struct {
	cells []cell // a power of two of them, or none; a number lies in the first free cell from its hash on
	used  int
}

// cell is one number under its hash; the number 0 marks a free cell.
type cell struct {
	hash, id uint32
}

// hasher turns keys into the hashes of a [table]. It is seeded, so that no peer can choose topics that collide.
type hasher uint64

func newHasher() hasher { return hasher(rand.Uint64()) }

func (h hasher) hash(key uint64) uint32 {
	hi, lo := bits.Mul64(key^uint64(h), 0xd6e8feb86659fd93)
	return uint32(hi ^ lo)
}

// find returns the first number under hash from position at on, and the position after it; 0 if there are no more.
// The first call passes hash itself as at.
func (t *table) find(hash, at uint32) (id, next uint32) {
	if len(t.cells) == 0 {
		return 0, at
	}
	mask := uint32(len(t.cells) - 1)
	for {
		c := t.cells[at&mask]
		at++
		if c.id == 0 || c.hash == hash {
			return c.id, at
		}
	}
}

// add enters id, which must not be there yet.
func (t *table) add(hash, id uint32) {
	if 4*(t.used+1) > 3*len(t.cells) {
		t.resize(max(8, 2*len(t.cells)))
	}
	t.used++
	t.put(cell{hash, id})
}

// put lays c into the first free cell from its hash on.
func (t *table) put(c cell) {
	mask := uint32(len(t.cells) - 1)
	at := c.hash & mask
	for t.cells[at].id != 0 {
		at = (at + 1) & mask
	}
	t.cells[at] = c
}

// resize moves everything to size cells.
func (t *table) resize(size int) {
	old := t.cells
	t.cells = make([]cell, size)
	for _, c := range old {
		if c.id != 0 {
			t.put(c)
		}
	}
}

// replace enters id in the place of old, which must be there under the same hash.
func (t *table) replace(hash, old, id uint32) {
	t.cells[t.position(hash, old)].id = id
}

// remove takes out id, which must be there.
func (t *table) remove(hash, id uint32) {
	mask := uint32(len(t.cells) - 1)
	free := t.position(hash, id)
	// Close the gap: whatever comes after it, up to the next free cell, moves into it if its own search would
	// otherwise begin at or before the gap and end there.
	for at := (free + 1) & mask; t.cells[at].id != 0; at = (at + 1) & mask {
		if (at-t.cells[at].hash)&mask >= (at-free)&mask {
			t.cells[free] = t.cells[at]
			free = at
		}
	}
	t.cells[free] = cell{}
	t.used--
	if len(t.cells) > 8 && 8*t.used < len(t.cells) {
		t.resize(len(t.cells) / 2)
	}
}

// position returns the cell that holds id, which must be there.
func (t *table) position(hash, id uint32) uint32 {
	mask := uint32(len(t.cells) - 1)
	at := hash & mask
	for t.cells[at].id != id {
		at = (at + 1) & mask
	}
	return at
}
