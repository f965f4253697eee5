package pattern

import "math/bits"

// bitset is a growing set of small integers that finds the next one quickly, however sparse it is: bit w of summary
// is set while words[w] is not zero, so one load of summary rules out 4096 integers.
type bitset struct {
	words   []uint64
	summary []uint64
}

// set adds i, growing the set if need be.
func (b *bitset) set(i int) {
	for i>>6 >= len(b.words) {
		b.words = append(b.words, 0)
	}
	for i>>12 >= len(b.summary) {
		b.summary = append(b.summary, 0)
	}
	b.words[i>>6] |= 1 << (i & 63)
	b.summary[i>>12] |= 1 << (i >> 6 & 63)
}

// clear takes i out.
func (b *bitset) clear(i int) {
	w := i >> 6
	if w >= len(b.words) {
		return
	}
	b.words[w] &^= 1 << (i & 63)
	if b.words[w] == 0 {
		b.summary[w>>6] &^= 1 << (w & 63)
	}
}

// has reports whether i is in the set.
func (b *bitset) has(i int) bool {
	return i>>6 < len(b.words) && b.words[i>>6]>>(i&63)&1 == 1
}

// cycle returns the smallest member that is at least i or, if there is none, the smallest of all; -1 if the set is
// empty. It is done for every message, mostly among fewer than 64 peers, and so has a short way for these.
func (b *bitset) cycle(i int) int {
	if len(b.words) == 1 {
		word := b.words[0]
		if word == 0 {
			return -1
		}
		if rest := word >> uint(i) << uint(i); rest != 0 {
			word = rest
		}
		return bits.TrailingZeros64(word)
	}
	if next := b.next(i); next >= 0 {
		return next
	}
	return b.next(0)
}

// next returns the smallest member that is at least i, or -1 if there is none.
func (b *bitset) next(i int) int {
	w := i >> 6
	if w >= len(b.words) {
		return -1
	}
	if rest := b.words[w] >> (i & 63); rest != 0 {
		return i + bits.TrailingZeros64(rest)
	}
	w++
	s := w >> 6
	if s >= len(b.summary) {
		return -1
	}
	rest := b.summary[s] >> (w & 63) << (w & 63)
	for rest == 0 {
		s++
		if s == len(b.summary) {
			return -1
		}
		rest = b.summary[s]
	}
	w = s<<6 + bits.TrailingZeros64(rest)
	return w<<6 + bits.TrailingZeros64(b.words[w])
}
