package socket

import (
	"context"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// Rep receives requests from its REQ and DEALER peers, fairly, and sends a
// reply to each, strictly one after the other (RFC 28). Serve does both.
type Rep struct {
	*socket
	*replying
	receiving
}

// NewRep returns a REP socket. The error, if any, matches ErrOption.
func NewRep(opts ...RepOption) (*Rep, error) {
	c := newConfig()
	for _, o := range opts {
		o.forRep(c)
	}
	s, err := newSocket(pattern.REP, c)
	if err != nil {
		return nil, err
	}
	r := &Rep{socket: s, replying: &replying{s: s}, receiving: receiving{s}}
	s.rules = r.replying
	s.recv.filter = r.replying
	return r, nil
}

// Serve receives requests, one after the other, and sends what handle returns
// for each; no frames at all are sent as one empty frame. It ends with the
// first error of handle, whose request then gets no reply, with ctx's error, or
// with nil when the socket is closed. What the client shall know of goes into
// the reply: REQ and REP have no other way to report an error.
func (r *Rep) Serve(ctx context.Context, handle func(context.Context, Message) (Message, error)) error {
	for {
		request, err := r.Recv(ctx)
		if err == nil {
			var reply Message
			if reply, err = handle(ctx, request); err == nil {
				if len(reply) == 0 {
					reply = Message{nil}
				}
				err = r.Send(ctx, reply...)
			}
			if err != nil {
				r.dismiss()
			}
		}
		if isClosed(err) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// replying gives REP its rules and its methods to send.
type replying struct {
	silent
	s     *socket
	reply pattern.Replier[*session] // guarded by the send lock
}

func (b *replying) detach(x *session) { x.pipe.forfeit() }

// Send sends the reply to the request that was received last. It never waits:
// if the peer has gone or its queue is full, the reply is dropped and counted
// (RR-25). The frames are copied before Send returns. The error is ctx's own,
// ErrClosed, ErrState if no request was received, ErrTooLarge or ErrMessage.
func (b *replying) Send(ctx context.Context, frames ...[]byte) error {
	s := b.s
	size, err := s.check(ctx, frames)
	if err != nil {
		return s.fail("send", "", err)
	}
	s.send.Lock()
	if s.send.closed {
		s.send.Unlock()
		return s.fail("send", "", ErrClosed)
	}
	if err := b.reply.CanSend(); err != nil {
		s.send.Unlock()
		return s.fail("send", "", stateError(err))
	}
	var wake queue.Waker
	x, _ := b.reply.Peer()
	envelope := b.reply.Envelope()
	switch p := x.pipe; {
	case p.session != x:
		s.send.drops[DropPeerGone]++
	case !p.out.Fits(size + queue.WireSize(envelope)):
		p.lose(1, DropFull)
	default:
		wake = p.out.Append(envelope, frames)
	}
	b.reply.Sent()
	s.dispatch(wake)
	return nil
}

// TrySend is Send, which never waits.
func (b *replying) TrySend(frames ...[]byte) error {
	return b.Send(context.Background(), frames...)
}

// dismiss leaves the request that was received last without a reply.
func (b *replying) dismiss() {
	b.s.send.Lock()
	b.reply.Sent()
	b.s.send.Unlock()
}

// mayReceive implements filter.
func (b *replying) mayReceive() error {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	if err := b.reply.CanRecv(); err != nil {
		return stateError(err)
	}
	return nil
}

// accept implements filter: the application gets the body of a request, the
// envelope is kept for the reply (RR-22).
func (b *replying) accept(in *inlet, m *queue.Raw) (prefix []byte, skip int, drop DropReason, ok bool) {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	var buf [8][]byte
	frames := m.AppendFrames(buf[:0])
	body, ok := b.reply.Accept(in.session, frames)
	return nil, len(frames) - len(body), DropMalformed, ok
}
