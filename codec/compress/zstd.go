package compress

import (
	"errors"
	"sync"

	"github.com/brokerless/brokerless/codec"
	"github.com/klauspost/compress/zstd"
)

// Zstd returns a codec that compresses what inner encodes with Zstandard: smaller
// than S2, and slower.
func Zstd[T any](inner codec.Codec[T], opts ...Option) codec.Codec[T] {
	s := newSettings(opts)
	return wrap(inner, "zstd", zstdForm, s, newZstd(s))
}

// A zstdCoder has encoders and decoders that serve one message at a time each, so
// that callers do not wait for one another.
type zstdCoder struct{ encoders, decoders sync.Pool }

func newZstd(s settings) *zstdCoder {
	level := zstd.SpeedFastest
	switch s.level {
	case Better:
		level = zstd.SpeedBetterCompression
	case Best:
		level = zstd.SpeedBestCompression
	}
	// The window is part of what a frame inflates to, and takes no memory of its
	// own. It may be larger than that; 8 MiB is what RFC 8878 asks of every decoder.
	window := uint64(max(s.size, 8<<20))
	c := new(zstdCoder)
	c.encoders.New = func() any {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(level), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // the options are wrong, and they are those above
		}
		return w
	}
	c.decoders.New = func() any {
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(window), zstd.WithDecoderMaxWindow(window), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err)
		}
		return r
	}
	return c
}

func (c *zstdCoder) deflate(dst, src []byte) []byte {
	w := c.encoders.Get().(*zstd.Encoder)
	defer c.encoders.Put(w)
	return w.EncodeAll(src, dst)
}

var (
	errUnsized    = errors.New("a frame that does not state its size")
	errDictionary = errors.New("a frame that needs a dictionary")
	errBoast      = errors.New("a frame too short for the size it states")
)

func (c *zstdCoder) stated(src []byte) (uint64, error) {
	var h zstd.Header
	if err := h.Decode(src); err != nil {
		return 0, err
	}
	// A block has three octets at least before its own, and becomes 128 KiB at most.
	const block, largest = 4, 128 << 10
	switch {
	case h.Skippable || !h.HasFCS:
		return 0, errUnsized
	case h.DictionaryID != 0:
		return 0, errDictionary
	case h.FrameContentSize/largest > uint64(len(src))/block:
		return 0, errBoast
	}
	return h.FrameContentSize, nil
}

// inflate gives the decoder as much room as there has to be, and no more.
func (c *zstdCoder) inflate(dst, src []byte, size int) ([]byte, error) {
	if cap(dst) < size {
		dst = make([]byte, 0, size)
	}
	dst = dst[:0:size]
	r := c.decoders.Get().(*zstd.Decoder)
	defer c.decoders.Put(r)
	return r.DecodeAll(src, dst)
}
