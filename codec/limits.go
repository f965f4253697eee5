package codec

import (
	"errors"
	"fmt"
)

// What a codec takes unless told otherwise.
const (
	DefaultMaxSize   = 64 << 20  // octets of an encoding
	DefaultMaxDepth  = 64        // of values within values
	DefaultMaxLength = 1 << 20   // elements of an array, entries of a map
	DefaultMaxMemory = 256 << 20 // octets of what is decoded
)

type limits struct {
	size, depth, length int
	memory              uint64
	known               bool // fields that the type does not have are refused
	arrays              bool // structs are encoded as arrays
}

// An Option changes what a codec takes, or how it encodes.
type Option func(*limits)

// WithMaxSize sets how many octets an encoding may have, both ways. The default
// is 64 MiB, which is also the largest message a socket takes unless told
// otherwise.
func WithMaxSize(octets int) Option { return func(l *limits) { l.size = octets } }

// WithMaxDepth sets how deep values may be nested, both ways. The default is
// 64.
func WithMaxDepth(n int) Option { return func(l *limits) { l.depth = n } }

// WithMaxLength sets how many elements an array may have, or entries a map, when
// it is decoded. The default is 1,048,576. Strings are bounded by the size
// alone.
func WithMaxLength(n int) Option { return func(l *limits) { l.length = n } }

// WithMaxMemory sets about how many octets of memory MsgPack may take for what
// it decodes. It is another bound than the size, because one octet may stand for
// an empty map, or for a large struct without a field. The default is 256 MiB.
// Types that decode themselves count as much as their octets.
func WithMaxMemory(octets int) Option { return func(l *limits) { l.memory = uint64(max(octets, 0)) } }

// WithKnownFields refuses what has a field that the Go type does not have. The
// default is to pass over it, so that a newer peer may say more.
func WithKnownFields() Option { return func(l *limits) { l.known = true } }

// WithArrays encodes structs as arrays of their fields, in order, without names:
// smaller and faster, and both ends need the same type. MsgPack decodes either
// form. JSON does not know it.
func WithArrays() Option { return func(l *limits) { l.arrays = true } }

func newLimits(opts []Option) limits {
	l := limits{size: DefaultMaxSize, depth: DefaultMaxDepth, length: DefaultMaxLength, memory: DefaultMaxMemory}
	for _, o := range opts {
		o(&l)
	}
	return l
}

func (l *limits) fits(octets int) error {
	if octets > l.size {
		return fmt.Errorf("%w: %d octets, want at most %d", ErrLimit, octets, l.size)
	}
	return nil
}

// errFull is what the encoders hear from an appender, and nobody else.
var errFull = errors.New("no room")

// An appender is a writer at the end of a slice.
type appender struct {
	octets []byte
	room   int // how many more it takes, or less than none if it was asked to
}

func (a *appender) Write(p []byte) (int, error) {
	if a.room -= len(p); a.room < 0 {
		return 0, errFull
	}
	a.octets = append(a.octets, p...)
	return len(p), nil
}

func (a *appender) WriteByte(c byte) error {
	if a.room--; a.room < 0 {
		return errFull
	}
	a.octets = append(a.octets, c)
	return nil
}
