package call

import (
	"context"
	"errors"

	"github.com/brokerless/brokerless/socket"
)

// An inbound is one call that came to a server. It is the context of its
// handler.
type inbound struct {
	callContext
	s        *Server
	peer     *peer
	key      callKey
	envelope [][]byte // the peer's identity, hops, and the empty delimiter
	method   *method
	request  Request
	about    Info
	metadata []byte // encoded
	credit   credit // of a stream
	octets   int    // of the request and its hops

	// What is being sent: one message at a time.
	out  [8][]byte
	head [headerLength]byte
}

// serve runs the handler and sends the answer. Buf is memory for it to use;
// what is returned is memory for the next call.
func (in *inbound) serve(buf []byte) []byte {
	defer in.end()
	if err := in.Err(); err != nil { // it has waited for too long
		in.answer(err, nil)
		return buf
	}
	metadata, err := parseMetadata(in.metadata)
	if err != nil {
		in.answer(Errorf(InvalidArgument, "%w", err), nil)
		return buf
	}
	in.about = Info{Method: in.request.Method, Stream: in.method.stream != nil, Metadata: metadata, Peer: &in.peer.Peer}
	in.info = &in.about
	handle := in.handle
	if len(in.s.cfg.interceptors) > 0 {
		handle = in.intercepted
	}
	body, err := handle(in, buf)
	if err != nil {
		in.answer(err, nil)
		return buf
	}
	in.answer(nil, body)
	if in.method.buffered && cap(body) <= maxBuffer {
		return body[:0]
	}
	return buf
}

// maxBuffer is how much memory, in octets, is kept from one call to the next.
const maxBuffer = 64 << 10

// intercepted runs the handler with the interceptors around it.
func (in *inbound) intercepted(ctx context.Context, buf []byte) (body []byte, err error) {
	err = intercept(ctx, in.s.cfg.interceptors, in.info, func(ctx context.Context) (err error) {
		body, err = in.handle(ctx, buf)
		return err
	})
	return body, err
}

// handle runs the handler.
func (in *inbound) handle(ctx context.Context, buf []byte) ([]byte, error) {
	if in.method.unary != nil {
		return in.method.unary(ctx, &in.request, buf)
	}
	return nil, in.stream(ctx)
}

// stream sends the items of a handler that answers with a stream.
func (in *inbound) stream(ctx context.Context) error {
	for item, err := range in.method.stream(ctx, &in.request) {
		if err == nil {
			err = in.item(ctx, item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// item sends one item of a stream, once the caller has room for it.
func (in *inbound) item(ctx context.Context, body []byte) error {
	if !in.credit.take() {
		in.s.pause()
		err := in.credit.wait(ctx)
		in.s.resume()
		if err != nil {
			return err
		}
	}
	return in.send(ctx, kindItem, nil, body)
}

// answer sends the end of the call.
func (in *inbound) answer(err error, body []byte) {
	if errors.Is(in.Err(), context.Canceled) {
		return // nobody waits for it
	}
	failed := in.send(in, kindAnswer, status(err), body)
	if err == nil && failed != nil && (errors.Is(failed, socket.ErrTooLarge) || CodeOf(failed) == InvalidArgument) {
		in.about.Reply = nil
		_ = in.send(in, kindAnswer, status(Errorf(Internal, "the answer cannot be sent: %w", failed)), nil)
	}
	// Any other failure means that the caller is gone, or too slow to be told in time.
}

// refuse answers a call that has not been executed, and will not be. A caller
// that does not read what it is sent is not waited for.
func (in *inbound) refuse(err error) {
	in.s.refused.Add(1)
	frames, failed := in.frames(kindRefusal, status(err), nil)
	if failed == nil {
		_ = in.s.router.TrySend(frames...)
	}
}

// send sends a message of the call to its caller. A handler whose caller is so
// slow that it has to wait gives its place to another meanwhile.
func (in *inbound) send(ctx context.Context, k kind, status, body []byte) error {
	frames, err := in.frames(k, status, body)
	if err != nil {
		return err
	}
	err = in.s.router.TrySend(frames...)
	if !errors.Is(err, socket.ErrWouldBlock) {
		return err
	}
	in.s.pause()
	defer in.s.resume()
	return in.s.router.Send(ctx, frames...)
}

// frames returns a message of the call, envelope and all.
func (in *inbound) frames(k kind, status, body []byte) ([][]byte, error) {
	frames := append(append(in.out[:0], in.envelope...), status, body)
	if in.key.bare {
		return frames, nil
	}
	h := header{kind: k, id: in.key.id}
	var m Metadata
	if k == kindAnswer {
		m = in.about.Reply
	}
	encoded, err := h.append(in.head[:0], m)
	return append(frames, encoded), err
}
