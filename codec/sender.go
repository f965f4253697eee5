package codec

import (
	"context"
	"sync"

	"github.com/brokerless/brokerless/socket"
)

// A Sender sends values of one type over a socket. It is safe for concurrent
// use.
type Sender[T any] struct{ out outbound[T] }

// NewSender returns a Sender over any socket that sends.
func NewSender[T any](out socket.Sender, c Codec[T], opts ...TypedOption) *Sender[T] {
	return &Sender[T]{outbound[T]{to: out, codec: c, typed: newTyped(opts)}}
}

// Send encodes v and sends it as one message. It waits as the socket's Send
// does, and returns its errors, or an *Error of the codec, with which nothing
// was sent.
func (s *Sender[T]) Send(ctx context.Context, v T) error { return s.out.send(ctx, nil, v) }

// A Publisher sends values of one type, each under a topic of its own. It is
// safe for concurrent use.
type Publisher[T any] struct {
	out   outbound[T]
	topic func(T) string
}

// NewPublisher returns a Publisher over a PUB or XPUB socket. The topic of each
// value is what topic returns for it; it is the first frame of the message, and
// what subscriptions are held against.
func NewPublisher[T any](out socket.Sender, c Codec[T], topic func(T) string, opts ...TypedOption) *Publisher[T] {
	return &Publisher[T]{outbound[T]{to: out, codec: c, typed: newTyped(opts)}, topic}
}

// Send encodes v and publishes it under its topic. See Sender.Send.
func (p *Publisher[T]) Send(ctx context.Context, v T) error {
	topic := p.topic(v)
	return p.out.send(ctx, &topic, v)
}

// outbound is what typed senders share.
type outbound[T any] struct {
	to    socket.Sender
	codec Codec[T]
	typed typed
}

// A parcel is the memory of a message on its way out.
type parcel struct {
	frames [3][]byte
	topic  []byte
	body   []byte
}

var parcels = sync.Pool{New: func() any { return new(parcel) }}

func (o *outbound[T]) send(ctx context.Context, topic *string, v T) error {
	p := parcels.Get().(*parcel)
	defer p.release()
	frames := p.frames[:0]
	if topic != nil {
		p.topic = append(p.topic[:0], *topic...)
		frames = append(frames, p.topic)
	}
	if o.typed.tag != nil {
		frames = append(frames, o.typed.tag)
	}
	body, err := o.codec.Append(p.body[:0], v)
	p.body = body
	if err != nil {
		return err
	}
	return o.to.Send(ctx, append(frames, body)...)
}

// release gives the memory back: a socket keeps nothing of what it sent.
func (p *parcel) release() {
	clear(p.frames[:])
	if cap(p.body) > keptBuffer || cap(p.topic) > keptBuffer {
		return
	}
	parcels.Put(p)
}
