// Package hist counts durations in buckets that are 1.6 % wide, so that the
// percentiles of any number of samples, from nanoseconds to centuries, fit in
// 30 KiB and can be merged.
package hist

import "math/bits"

// octave is how many buckets there are between a value and its double. Values
// below it have a bucket each.
const (
	octaveBits = 6
	octave     = 1 << octaveBits
)

// Buckets is how many buckets there are: as many as values of 64 bits need.
const Buckets = (64-octaveBits-1)*octave + 2*octave

// Bucket returns the bucket that v belongs to. It grows with v.
func Bucket(v uint64) int {
	if v < octave {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - octaveBits
	return shift*octave + int(v>>shift)
}

// Lower returns the least value of bucket b, which is at most 1/64 of it below
// the greatest. It panics unless 0 <= b < Buckets.
func Lower(b int) uint64 {
	if b < 0 || b >= Buckets {
		panic("hist: no such bucket")
	}
	if b < 2*octave {
		return uint64(b)
	}
	shift := b/octave - 1
	return uint64(b-shift*octave) << shift
}
