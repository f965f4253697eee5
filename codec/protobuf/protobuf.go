// Package protobuf is the codec of Protocol Buffers, for messages that protoc
// has generated.
//
//	out := codec.NewSender(push, protobuf.Codec[*pb.Order]())
//
// The encoding says neither its type nor where it ends: octets of another type
// are often in order too, as a message with unknown fields. Where both ends may
// differ, send a schema with it.
package protobuf

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/brokerless/brokerless/codec"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

type settings struct {
	size, depth          int
	deterministic, known bool
}

// An Option changes what a codec takes, or how it encodes.
type Option func(*settings)

// WithMaxSize sets how many octets an encoding may have, both ways. The default
// is codec.DefaultMaxSize, 64 MiB.
func WithMaxSize(octets int) Option { return func(s *settings) { s.size = octets } }

// WithMaxDepth sets how deep messages may be nested, both ways; one that holds no
// other has a depth of 1, which is the least there may be. The default is
// codec.DefaultMaxDepth, 64.
func WithMaxDepth(n int) Option { return func(s *settings) { s.depth = max(n, 1) } }

// WithDeterministic encodes equal messages as equal octets, as long as the same
// program does it. That costs time where there are maps.
func WithDeterministic() Option { return func(s *settings) { s.deterministic = true } }

// WithKnownFields refuses what has a field that the message type does not have.
// The default is to keep it with the message, and to pass it on when that is
// encoded again.
func WithKnownFields() Option { return func(s *settings) { s.known = true } }

// Codec returns the codec of a generated message type, as
// Codec[*timestamppb.Timestamp]. Decoding makes a new message each time. A nil
// message has no encoding, and one that contains itself is refused with
// codec.ErrLimit.
//
// Codec panics if T is an interface, because it has to make messages.
func Codec[T proto.Message](opts ...Option) codec.Codec[T] {
	s := settings{size: codec.DefaultMaxSize, depth: codec.DefaultMaxDepth}
	for _, o := range opts {
		o(&s)
	}
	if t := reflect.TypeFor[T](); t.Kind() != reflect.Pointer {
		panic(fmt.Sprintf("protobuf: %s is no pointer to a generated message", t))
	}
	var none T
	t := none.ProtoReflect().Type()
	return &messages[T]{settings: s, t: t, recursive: recursive(t.Descriptor(), make(map[protoreflect.FullName]bool))}
}

type messages[T proto.Message] struct {
	settings
	t         protoreflect.MessageType
	recursive bool // messages may be of any depth
}

func (c *messages[T]) Append(dst []byte, v T) ([]byte, error) {
	out, err := c.append(dst, v)
	if err != nil {
		return dst, codec.Failed[T]("protobuf", "encode", err)
	}
	return out, nil
}

func (c *messages[T]) append(dst []byte, v T) ([]byte, error) {
	m := v.ProtoReflect()
	if !m.IsValid() {
		return nil, fmt.Errorf("%w: a nil message", codec.ErrValue)
	}
	if c.recursive {
		w := walker{depth: c.depth, left: c.size}
		if err := w.walk(m, 1); err != nil {
			return nil, err
		}
	}
	o := proto.MarshalOptions{Deterministic: c.deterministic}
	if n := o.Size(v); n > c.size {
		return nil, fmt.Errorf("%w: %d octets, want at most %d", codec.ErrLimit, n, c.size)
	}
	o.UseCachedSize = true
	out, err := o.MarshalAppend(dst, v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", codec.ErrValue, err)
	}
	return out, nil
}

func (c *messages[T]) Decode(src []byte, v *T) error {
	var none T
	*v = none
	m, err := c.decode(src)
	if err != nil {
		return codec.Failed[T]("protobuf", "decode", err)
	}
	*v = m
	return nil
}

func (c *messages[T]) decode(src []byte) (none T, err error) {
	if len(src) > c.size {
		return none, fmt.Errorf("%w: %d octets, want at most %d", codec.ErrLimit, len(src), c.size)
	}
	m := c.t.New().Interface().(T)
	o := proto.UnmarshalOptions{RecursionLimit: c.depth, NoLazyDecoding: true}
	if err := o.Unmarshal(src, m); err != nil {
		return none, c.explain(src, err)
	}
	if c.known {
		w := walker{depth: c.depth, left: len(src) + 1, known: true}
		if err := w.walk(m.ProtoReflect(), 1); err != nil {
			return none, err
		}
	}
	return m, nil
}

// explain tells messages that are too deep from those that are none: the errors
// of the proto package do not. What is deeper than that package allows at all
// counts as malformed.
func (c *messages[T]) explain(src []byte, err error) error {
	o := proto.UnmarshalOptions{NoLazyDecoding: true, DiscardUnknown: true, AllowPartial: true}
	if c.recursive && errors.Is(err, proto.Error) && o.Unmarshal(src, c.t.New().Interface()) == nil {
		o.RecursionLimit = c.depth
		if o.Unmarshal(src, c.t.New().Interface()) != nil {
			return fmt.Errorf("%w: deeper than %d", codec.ErrLimit, c.depth)
		}
	}
	return fmt.Errorf("%w: %w", codec.ErrMalformed, err)
}
