package codec

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/brokerless/brokerless/socket"
)

// A DecodeError is a message that is no value of the receiver's type. It is
// about this message alone: the socket goes on.
type DecodeError struct {
	Message socket.Message // as it came; the caller's to keep
	Err     error          // an *Error of the codec, a *SchemaError, or ErrMalformed for a wrong number of frames
}

// Error implements error.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("brokerless: message %v: %s", e.Message, strings.TrimPrefix(e.Err.Error(), "brokerless: "))
}

// Unwrap returns why.
func (e *DecodeError) Unwrap() error { return e.Err }

// A Receiver receives values of one type from a socket. It is safe for
// concurrent use; each value goes to one caller.
type Receiver[T any] struct{ in inbound[T] }

// NewReceiver returns a Receiver over any socket that receives.
func NewReceiver[T any](in socket.Receiver, c Codec[T], opts ...TypedOption) *Receiver[T] {
	return &Receiver[T]{newInbound(in, c, false, opts)}
}

// Recv waits for the next message and returns its value. A message that is no
// such value is a *DecodeError, after which the next call receives the next
// message; with WithDeadLetters it goes there instead. Other errors are those of
// the socket.
func (r *Receiver[T]) Recv(ctx context.Context) (T, error) {
	_, v, err := r.in.recv(ctx)
	return v, err
}

// Values returns the values to range over, as they come. A pair with a
// *DecodeError is about one message, and the loop may go on; after any other
// error, such as that of a done ctx, it ends.
func (r *Receiver[T]) Values(ctx context.Context) iter.Seq2[T, error] { return r.in.values(ctx) }

// A Subscriber receives published values of one type, with their topics. It is
// safe for concurrent use.
type Subscriber[T any] struct{ in inbound[T] }

// NewSubscriber returns a Subscriber over a SUB or XSUB socket, or any that
// receives what a Publisher sends. What it subscribes to is the socket's.
func NewSubscriber[T any](in socket.Receiver, c Codec[T], opts ...TypedOption) *Subscriber[T] {
	return &Subscriber[T]{newInbound(in, c, true, opts)}
}

// Recv waits for the next message and returns its topic and its value. See
// Receiver.Recv.
func (s *Subscriber[T]) Recv(ctx context.Context) (topic string, v T, err error) {
	return s.in.recv(ctx)
}

// Values is Receiver.Values, without the topics.
func (s *Subscriber[T]) Values(ctx context.Context) iter.Seq2[T, error] { return s.in.values(ctx) }

// inbound is what typed receivers share.
type inbound[T any] struct {
	from   socket.Receiver
	into   func(context.Context, *socket.Message) error // of a socket that can use memory again
	codec  Codec[T]
	topics bool
	typed  typed
}

func newInbound[T any](in socket.Receiver, c Codec[T], topics bool, opts []TypedOption) inbound[T] {
	b := inbound[T]{from: in, codec: c, topics: topics, typed: newTyped(opts)}
	if r, ok := in.(interface {
		RecvInto(ctx context.Context, m *socket.Message) error
	}); ok {
		b.into = r.RecvInto
	}
	return b
}

// Memory to receive into: codecs keep nothing of it.
var letters = sync.Pool{New: func() any { return new(socket.Message) }}

func (b *inbound[T]) recv(ctx context.Context) (topic string, v T, err error) {
	m := letters.Get().(*socket.Message)
	topic, err = b.next(ctx, m, &v)
	if m.Size() <= keptBuffer {
		letters.Put(m)
	}
	return topic, v, err
}

// next receives into *m and *v, which are the caller's, until there is a value
// or an error to return. After an error *v is the zero value.
func (b *inbound[T]) next(ctx context.Context, m *socket.Message, v *T) (topic string, err error) {
	for {
		if b.into != nil {
			err = b.into(ctx, m)
		} else {
			*m, err = b.from.Recv(ctx)
		}
		if err != nil {
			return "", err
		}
		topic, err = b.open(*m, v)
		if err == nil {
			return topic, nil
		}
		*v = *new(T) // it may be set in part
		bad := &DecodeError{Message: m.Clone(), Err: err}
		if b.typed.dead == nil {
			return topic, bad
		}
		if err := b.bury(DeadLetter{Message: bad.Message, Err: bad}); err != nil {
			return topic, err
		}
	}
}

// open takes the frames of a message apart.
func (b *inbound[T]) open(m socket.Message, v *T) (topic string, err error) {
	want := 1
	if b.topics {
		want++
	}
	tagged := b.typed.tag != nil
	if tagged {
		want++
	}
	frames := m
	if b.topics && len(frames) > 0 {
		topic, frames = string(frames[0]), frames[1:]
	}
	if tagged {
		var tag []byte
		if len(frames) > 0 {
			tag = frames[0]
		}
		if err := b.typed.accepts(tag); err != nil {
			return topic, err
		}
	}
	if len(m) != want {
		return topic, fmt.Errorf("%w: %d frames, want %d", ErrMalformed, len(m), want)
	}
	return topic, b.codec.Decode(m[want-1], v)
}

func (b *inbound[T]) values(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			_, v, err := b.recv(ctx)
			if !yield(v, err) {
				return
			}
			if bad := new(DecodeError); err != nil && !errors.As(err, &bad) {
				return
			}
		}
	}
}
