// Package salsa20 is the stream cipher Salsa20/20 with 256 bits of key, for the
// boxes of CURVE. It is that of golang.org/x/crypto, and makes the same octets; but
// where the processor has AVX2 it makes eight blocks at a time, which takes half as
// long.
package salsa20

import (
	"encoding/binary"
	"math"

	"golang.org/x/crypto/salsa20/salsa" //nolint:staticcheck // deprecated for protocols of one's own; this one is CURVE's
)

// Block is how many octets of keystream one number of a block makes.
const Block = 64

// MaxAtOnce is the most that AtOnce returns.
const MaxAtOnce = group

// A group is what is made at once with AVX2; a quad without, in assembly.
const (
	quad  = 4 * Block
	group = 8 * Block
)

// Derive returns the key of Salsa20 for the nonces of XSalsa20 that begin with
// these 16 octets (HSalsa20). The 8 that follow are the nonce.
func Derive(key *[32]byte, begin *[16]byte) (derived [32]byte) {
	salsa.HSalsa20(&derived, begin, key, &salsa.Sigma)
	return derived
}

// AtOnce returns how many octets, n or more, take no longer than n from the
// beginning of a block on, n being at most MaxAtOnce: whoever has use for only n of
// them, but not in one place, may well make them all.
func AtOnce(n int) int { return atOnce(n, hasWide()) }

func atOnce(n int, wide bool) int {
	switch {
	case n <= Block:
		return Block
	case wide:
		return group
	case hasQuads && n > 2*Block && n <= quad:
		return quad
	}
	return (n + Block - 1) / Block * Block
}

// XORKeyStream encrypts src to dst, or decrypts it, which is the same. Dst is at
// least as long, and either is src or does not overlap it. The counter is the nonce
// and, in its second half, little-endian, the number of the block to begin with.
func XORKeyStream(dst, src []byte, counter *[16]byte, key *[32]byte) {
	xor(dst[:len(src)], src, *counter, key, hasWide())
}

func xor(dst, src []byte, counter [16]byte, key *[32]byte, wide bool) {
	// Of as many as can be made at once each, then what is left of that, in memory
	// where there is room for all of it, and the least by itself.
	n := len(src) &^ (group - 1)
	from := binary.LittleEndian.Uint64(counter[8:])
	if wide && from%(1<<32)+uint64(len(src)/Block) <= math.MaxUint32 { // only one word counts
		if n > 0 {
			start := begin(&counter, key)
			xorGroups(&dst[0], &src[0], n/group, &start)
		}
	} else {
		wide = false
		n = len(src) &^ (quad - 1)
		salsa.XORKeyStream(dst[:n], src[:n], &counter, key)
	}
	dst, src = dst[n:], src[n:]
	binary.LittleEndian.PutUint64(counter[8:], from+uint64(n/Block))
	all := atOnce(len(src), wide)
	switch {
	case len(src) == 0:
	case wide && all == group:
		var last [group]byte
		copy(last[:], src)
		start := begin(&counter, key)
		xorGroups(&last[0], &last[0], 1, &start)
		copy(dst, last[:])
	case all-len(src) >= Block:
		var last [quad]byte
		copy(last[:], src)
		salsa.XORKeyStream(last[:all], last[:all], &counter, key)
		copy(dst, last[:])
	default:
		salsa.XORKeyStream(dst, src, &counter, key)
	}
}

// begin returns the 16 words that a block is made of.
func begin(counter *[16]byte, key *[32]byte) (words [16]uint32) {
	for i := range 4 {
		words[5*i] = binary.LittleEndian.Uint32(salsa.Sigma[4*i:])
		words[1+i] = binary.LittleEndian.Uint32(key[4*i:])
		words[6+i] = binary.LittleEndian.Uint32(counter[4*i:])
		words[11+i] = binary.LittleEndian.Uint32(key[16+4*i:])
	}
	return words
}
