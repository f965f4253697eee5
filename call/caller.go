package call

import (
	"context"
	"iter"
	"sync"

	"github.com/brokerless/brokerless/codec"
)

// A Caller calls one method: it is the typed end of a client. It is safe for
// concurrent use.
type Caller[Q, R any] struct {
	client   *Client
	method   string
	requests codec.Codec[Q]
	answers  codec.Codec[R]
	cfg      callConfig
	err      error // of the options
}

// NewCaller returns a Caller of a method. Options that make no sense fail its
// calls, with an error that matches socket.ErrOption.
func NewCaller[Q, R any](c *Client, method string, requests codec.Codec[Q], answers codec.Codec[R], opts ...CallOption) *Caller[Q, R] {
	cfg := c.cfg.call.with(opts)
	return &Caller[Q, R]{client: c, method: method, requests: requests, answers: answers, cfg: cfg, err: cfg.validate()}
}

// with returns the options of one call.
func (c *Caller[Q, R]) with(opts []CallOption) (*callConfig, error) {
	if len(opts) == 0 {
		return &c.cfg, c.err
	}
	cfg := c.cfg.with(opts)
	return &cfg, cfg.validate()
}

// buffers are for encoded requests, which are copied when they are sent.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Call calls the method with a request and returns its answer. Beside the
// errors of [Client.Call] there are those of the codecs, *codec.Error: a request
// that cannot be encoded is not sent.
func (c *Caller[Q, R]) Call(ctx context.Context, request Q, opts ...CallOption) (R, error) {
	var answer R
	cfg, err := c.with(opts)
	if err != nil {
		return answer, err
	}
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxBuffer {
			buffers.Put(buf)
		}
	}()
	body, err := c.requests.Append((*buf)[:0], request)
	if err != nil {
		return answer, err
	}
	*buf = body
	reply, err := c.client.call(ctx, c.method, body, cfg)
	if err != nil {
		return answer, err
	}
	err = c.answers.Decode(reply, &answer)
	return answer, err
}

// Stream calls the method with a request and returns the values it answers
// with. See [Client.Stream]. An item that cannot be decoded ends the stream.
func (c *Caller[Q, R]) Stream(ctx context.Context, request Q, opts ...CallOption) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		cfg, err := c.with(opts)
		if err != nil {
			yield(none, err)
			return
		}
		body, err := c.requests.Append(nil, request)
		if err != nil {
			yield(none, err)
			return
		}
		c.client.stream(ctx, c.method, body, cfg, func(item []byte, err error) bool {
			var v R
			if err == nil {
				if err = c.answers.Decode(item, &v); err != nil {
					yield(none, err)
					return false
				}
			}
			return yield(v, err)
		})
	}
}
