package call

import (
	"context"
	"iter"

	"github.com/brokerless/brokerless/codec"
)

// A Handler answers the calls of one method: it is the typed end of a server.
// Its context and its errors are as [Server.Handle] says.
type Handler[Q, R any] func(ctx context.Context, request Q) (R, error)

// A StreamHandler answers calls with any number of values. Its context and its
// errors are as [Server.HandleStream] says.
type StreamHandler[Q, R any] func(ctx context.Context, request Q) iter.Seq2[R, error]

// Handle lets h answer the calls of a method. A request that cannot be decoded
// fails with InvalidArgument, and h is not called; an answer that cannot be
// encoded fails with Internal.
func Handle[Q, R any](s *Server, method string, requests codec.Codec[Q], answers codec.Codec[R], h Handler[Q, R]) error {
	return s.add(method, typed(requests, answers, h))
}

func typed[Q, R any](requests codec.Codec[Q], answers codec.Codec[R], h Handler[Q, R]) *method {
	return &method{buffered: true, unary: func(ctx context.Context, r *Request, buf []byte) ([]byte, error) {
		var q Q
		if err := requests.Decode(r.Body, &q); err != nil {
			return nil, Errorf(InvalidArgument, "%w", err)
		}
		v, err := h(ctx, q)
		if err != nil {
			return nil, err
		}
		return answers.Append(buf[:0], v)
	}}
}

// HandleStream is Handle for a method that answers with a stream.
func HandleStream[Q, R any](s *Server, method string, requests codec.Codec[Q], answers codec.Codec[R], h StreamHandler[Q, R]) error {
	return s.add(method, typedStream(requests, answers, h))
}

func typedStream[Q, R any](requests codec.Codec[Q], answers codec.Codec[R], h StreamHandler[Q, R]) *method {
	return &method{stream: func(ctx context.Context, r *Request) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			var q Q
			if err := requests.Decode(r.Body, &q); err != nil {
				yield(nil, Errorf(InvalidArgument, "%w", err))
				return
			}
			var buf []byte // sent before the next value is asked for
			for v, err := range h(ctx, q) {
				if err == nil {
					buf, err = answers.Append(buf[:0], v)
				}
				if !yield(buf, err) || err != nil {
					return
				}
			}
		}
	}}
}
