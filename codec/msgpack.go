package codec

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
)

// keptBuffer is how large a message may be for what worked on it to be used
// again. Larger ones leave larger buffers behind.
const keptBuffer = 64 << 10

// MsgPack returns the codec of MessagePack, to be made once for a type and used
// for all its messages.
//
// Structs are maps by the names of their fields, or by the tag
// `msgpack:"name,omitempty"`; they are decoded from arrays of all their fields
// too. Maps keep no order, and times no zone: they come back in that of the
// reader. Integers are decoded from any that fit, a float64 from any number,
// but a float32 only from one of 32 bits and from integers.
//
// Octets that come in are held against the type and the limits before anything
// is made of them: what does not fit, or would panic, is an error that names the
// field. A field that comes twice is refused, and so is anything but nil for an
// interface with methods (other than error, which is decoded from a string).
// Values that contain themselves are refused with ErrLimit.
//
// It stands on github.com/vmihailenco/msgpack, so types that implement its
// interfaces, or those of package encoding, are encoded as they say; they have to
// bound what they decode themselves. For a type that embeds a pointer to a
// struct that package starts one goroutine when it decodes one, which stays;
// embed the struct itself.
func MsgPack[T any](opts ...Option) Codec[T] {
	t := reflect.TypeFor[T]()
	c := &msgPack[T]{limits: newLimits(opts), shape: make(shaper).shape(t, false)}
	c.walks = c.shape.needsWalk(make(map[*shape]bool))
	c.unfit = c.shape.unfit(make(map[*shape]bool))
	c.packers.New = func() any { return &packer[T]{enc: msgpack.NewEncoder(nil)} }
	c.unpackers.New = func() any { return &unpacker{dec: msgpack.NewDecoder(nil)} }
	return c
}

type msgPack[T any] struct {
	limits limits
	shape  *shape
	walks  bool     // values are looked at before they are encoded
	unfit  error    // why the type has no encoding
	shapes sync.Map // of what was found in interfaces

	// Encoders and decoders, with what they write to and read from.
	packers, unpackers sync.Pool
}

type packer[T any] struct {
	enc   *msgpack.Encoder
	out   appender
	value T // here, so that it does not need memory of its own
}

type unpacker struct {
	dec *msgpack.Decoder
	in  bytes.Reader
}

func (c *msgPack[T]) Append(dst []byte, v T) ([]byte, error) {
	out, err := c.append(dst, v)
	if err != nil {
		return dst, Failed[T]("msgpack", "encode", err)
	}
	return out, nil
}

func (c *msgPack[T]) append(dst []byte, v T) ([]byte, error) {
	if c.unfit != nil {
		return nil, c.unfit
	}
	p := c.packers.Get().(*packer[T])
	p.value = v
	if c.walks {
		w := walker{limits: &c.limits, shapes: &c.shapes, left: c.limits.size}
		if err := w.walk(c.shape, reflect.ValueOf(&p.value).Elem(), 0, 0); err != nil {
			return nil, err
		}
	}
	p.out = appender{octets: dst, room: c.limits.size}
	p.enc.Reset(&p.out)
	p.enc.UseCompactInts(true)
	p.enc.UseArrayEncodedStructs(c.limits.arrays)
	err := p.enc.Encode(&p.value)
	out := p.out.octets
	switch {
	case p.out.room < 0:
		return nil, fmt.Errorf("%w: takes more than %d octets", ErrLimit, c.limits.size)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	if len(out)-len(dst) <= keptBuffer {
		p.value, p.out = *new(T), appender{}
		c.packers.Put(p)
	}
	return out, nil
}

func (c *msgPack[T]) Decode(src []byte, v *T) error {
	*v = *new(T)
	if err := c.decode(src, v); err != nil {
		*v = *new(T)
		return Failed[T]("msgpack", "decode", err)
	}
	return nil
}

func (c *msgPack[T]) decode(src []byte, v *T) error {
	if c.unfit != nil {
		return c.unfit
	}
	if err := c.limits.fits(len(src)); err != nil {
		return err
	}
	check := checker{limits: &c.limits, src: src}
	if err := check.check(c.shape); err != nil {
		return err
	}
	u := c.unpackers.Get().(*unpacker)
	u.in.Reset(src)
	u.dec.Reset(&u.in)
	u.dec.DisallowUnknownFields(c.limits.known)
	err := u.dec.Decode(v)
	left := u.in.Len()
	if err != nil || left > 0 {
		return c.explain(src, left, err) // the decoder may be in any state, and is not used again
	}
	if len(src) <= keptBuffer {
		u.in.Reset(nil)
		u.dec.Reset(nil)
		c.unpackers.Put(u)
	}
	return nil
}

// explain returns why src cannot be decoded, when the msgpack package has found
// that it cannot. Its own error seldom says where.
func (c *msgPack[T]) explain(src []byte, left int, err error) error {
	strict := checker{limits: &c.limits, src: src, strict: true}
	located := strict.check(c.shape)
	switch {
	case located != nil:
		return located
	case err == io.EOF || err == io.ErrUnexpectedEOF: //nolint:errorlint // as it comes from the reader
		return fmt.Errorf("%w: fewer values than the type asks for", ErrMismatch)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	return fmt.Errorf("%w: %d octets behind what the type asks for", ErrMismatch, left)
}
