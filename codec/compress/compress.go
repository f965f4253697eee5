// Package compress wraps a codec, so that what it encodes is sent compressed.
//
//	c := compress.Zstd(codec.MsgPack[Order]())
//	out := codec.NewSender(push, c)
//
// What comes from a peer says how large it will be, and is refused before any of
// it is inflated if that is more than allowed.
//
// # Format
//
// The first octet says what follows:
//
//	0  the inner encoding as it is
//	1  one Zstandard frame (RFC 8878) that states its content size, without a dictionary
//	2  one S2 block: the size as a varint, and then the elements of Snappy's
//	   block format, to which S2 adds repeated offsets
//
// Either codec decodes 0 and its own. A frame or block that inflates to another
// size than it states is refused.
package compress

import (
	"fmt"
	"sync"

	"github.com/brokerless/brokerless/codec"
)

// What a codec does unless told otherwise.
const (
	DefaultMaxSize   = 64 << 20 // octets of the inner encoding
	DefaultThreshold = 256      // octets from which compressing is tried
)

// keptBuffer is how large a buffer may be to be used again.
const keptBuffer = 64 << 10

// What the first octet says.
const (
	plainForm byte = iota
	zstdForm
	s2Form
)

// A Level is how much time may be spent to make a message smaller. It is the
// sender's matter: whatever it was, the other end inflates it.
type Level int

// The levels.
const (
	Fast   Level = iota // the default
	Better              // about half as fast
	Best                // many times slower: for what is encoded once and sent often
)

type settings struct {
	size, threshold int
	level           Level
}

// An Option changes what a codec takes, or how it compresses.
type Option func(*settings)

// WithMaxSize sets how many octets the inner encoding may have, both ways: no
// more memory is taken to inflate a message. The default is 64 MiB. The options
// of the inner codec may allow less.
func WithMaxSize(octets int) Option { return func(s *settings) { s.size = octets } }

// WithThreshold sets how many octets the inner encoding must have for
// compressing it to be tried. The default is 256. What does not get smaller is
// sent as it is.
func WithThreshold(octets int) Option { return func(s *settings) { s.threshold = octets } }

// WithLevel sets how much time may be spent. The default is Fast.
func WithLevel(l Level) Option { return func(s *settings) { s.level = l } }

// A coder compresses octets in one form.
type coder interface {
	// deflate appends the form of src to dst.
	deflate(dst, src []byte) []byte
	// stated returns the size that src says it has when it is inflated, if it
	// could have it.
	stated(src []byte) (uint64, error)
	// inflate returns what src stands for, which is of the stated size. It lies in
	// dst if that has the capacity.
	inflate(dst, src []byte, size int) ([]byte, error)
}

type compressed[T any] struct {
	settings
	name  string
	form  byte
	inner codec.Codec[T]
	coder coder

	buffers sync.Pool // of *[]byte, for the inner encoding
}

func wrap[T any](inner codec.Codec[T], name string, form byte, s settings, c coder) codec.Codec[T] {
	w := &compressed[T]{settings: s, name: name, form: form, inner: inner, coder: c}
	w.buffers.New = func() any { return new([]byte) }
	return w
}

func newSettings(opts []Option) settings {
	s := settings{size: DefaultMaxSize, threshold: DefaultThreshold}
	for _, o := range opts {
		o(&s)
	}
	return s
}

// release gives a buffer back, unless it is too large to keep.
func (c *compressed[T]) release(b *[]byte) {
	if cap(*b) <= keptBuffer {
		c.buffers.Put(b)
	}
}

func (c *compressed[T]) Append(dst []byte, v T) ([]byte, error) {
	b := c.buffers.Get().(*[]byte)
	defer c.release(b)
	var err error
	if *b, err = c.inner.Append((*b)[:0], v); err != nil {
		return dst, err
	}
	plain := *b
	if len(plain) > c.size {
		return dst, codec.Failed[T](c.name, "encode", fmt.Errorf("%w: %d octets, want at most %d", codec.ErrLimit, len(plain), c.size))
	}
	if len(plain) >= c.threshold {
		out := c.coder.deflate(append(dst, c.form), plain)
		if len(out)-len(dst)-1 < len(plain) {
			return out, nil
		}
	}
	return append(append(dst, plainForm), plain...), nil
}

func (c *compressed[T]) Decode(src []byte, v *T) error {
	*v = *new(T)
	if len(src) == 0 {
		return codec.Failed[T](c.name, "decode", fmt.Errorf("%w: no octet to say the form", codec.ErrMalformed))
	}
	form, src := src[0], src[1:]
	if form == plainForm && len(src) <= c.size {
		return c.inner.Decode(src, v)
	}
	b := c.buffers.Get().(*[]byte)
	defer c.release(b)
	plain, err := c.inflate((*b)[:0], form, src)
	if err != nil {
		return codec.Failed[T](c.name, "decode", err)
	}
	if cap(plain) > cap(*b) {
		*b = plain
	}
	return c.inner.Decode(plain, v)
}

// inflate returns the inner encoding, which may lie in dst.
func (c *compressed[T]) inflate(dst []byte, form byte, src []byte) ([]byte, error) {
	size := uint64(len(src))
	switch form {
	case c.form:
		var err error
		if size, err = c.coder.stated(src); err != nil {
			return nil, fmt.Errorf("%w: %w", codec.ErrMalformed, err)
		}
	case plainForm:
	default:
		return nil, fmt.Errorf("%w: form %d, want %d or %d", codec.ErrMismatch, form, plainForm, c.form)
	}
	if size > uint64(max(c.size, 0)) {
		return nil, fmt.Errorf("%w: %d octets when inflated, want at most %d", codec.ErrLimit, size, c.size)
	}
	plain, err := c.coder.inflate(dst, src, int(size))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", codec.ErrMalformed, err)
	case uint64(len(plain)) != size:
		return nil, fmt.Errorf("%w: %d octets when inflated, not the %d it states", codec.ErrMalformed, len(plain), size)
	}
	return plain, nil
}
