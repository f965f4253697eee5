package compress

import (
	"slices"

	"github.com/brokerless/brokerless/codec"
	"github.com/klauspost/compress/s2"
)

// S2 returns a codec that compresses what inner encodes with S2, which extends
// Snappy: much faster than Zstandard, and not as small.
func S2[T any](inner codec.Codec[T], opts ...Option) codec.Codec[T] {
	s := newSettings(opts)
	return wrap(inner, "s2", s2Form, s, s2Coder{s.level})
}

type s2Coder struct{ level Level }

func (c s2Coder) deflate(dst, src []byte) []byte {
	room := s2.MaxEncodedLen(len(src))
	if room < 0 { // more than 4 GiB, which has no form
		return append(dst, src...)
	}
	dst = slices.Grow(dst, room)
	free := dst[len(dst) : len(dst)+room]
	switch c.level {
	case Better:
		free = s2.EncodeBetter(free, src)
	case Best:
		free = s2.EncodeBest(free, src)
	default:
		free = s2.Encode(free, src)
	}
	return dst[:len(dst)+len(free)]
}

func (c s2Coder) stated(src []byte) (uint64, error) {
	n, err := s2.DecodedLen(src)
	return uint64(max(n, 0)), err
}

func (c s2Coder) inflate(dst, src []byte, _ int) ([]byte, error) {
	return s2.Decode(dst, src)
}
