package zmq4adapter

import (
	"context"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// NewPush returns a PUSH socket: each message goes to one of its PULL peers, in
// turn. Of a socket that cannot be made, every method but Close returns why.
// The socket is closed when ctx is done, if Close was not called before; nil is
// as context.Background().
func NewPush(ctx context.Context, opts ...Option) Socket { return newAdapter(ctx, zmq4.Push, opts) }

// NewPull returns a PULL socket: it receives from all its PUSH peers, fairly.
// See [NewPush] for what goes for all sockets.
func NewPull(ctx context.Context, opts ...Option) Socket { return newAdapter(ctx, zmq4.Pull, opts) }

// NewPub returns a PUB socket: each message goes to all who subscribed to it. It
// implements [Topics]. See [NewPush] for what goes for all sockets.
func NewPub(ctx context.Context, opts ...Option) Socket {
	return &topical{newAdapter(ctx, zmq4.Pub, opts)}
}

// NewSub returns a SUB socket: it receives what begins with a prefix that it
// subscribed to, with SetOption and OptionSubscribe. It implements [Topics]. See
// [NewPush] for what goes for all sockets.
func NewSub(ctx context.Context, opts ...Option) Socket {
	return &topical{newAdapter(ctx, zmq4.Sub, opts)}
}

// NewXPub returns an XPUB socket: a PUB that also receives, each subscription as
// a message that is the octet 1 and the topic, each cancellation as 0 and the
// topic. It implements [Topics]. See [NewPush] for what goes for all sockets.
func NewXPub(ctx context.Context, opts ...Option) Socket {
	return &topical{newAdapter(ctx, zmq4.XPub, opts)}
}

// NewXSub returns an XSUB socket: a message that is the octet 1 and a topic
// subscribes, 0 and a topic cancels. See [NewPush] for what goes for all
// sockets.
func NewXSub(ctx context.Context, opts ...Option) Socket { return newAdapter(ctx, zmq4.XSub, opts) }

// NewReq returns a REQ socket: Send, then Recv, and again. See [NewPush] for
// what goes for all sockets.
func NewReq(ctx context.Context, opts ...Option) Socket { return newAdapter(ctx, zmq4.Req, opts) }

// NewRep returns a REP socket: Recv, then Send, and again. See [NewPush] for
// what goes for all sockets.
func NewRep(ctx context.Context, opts ...Option) Socket { return newAdapter(ctx, zmq4.Rep, opts) }

// NewDealer returns a DEALER socket: each message goes to one of its peers, in
// turn, and it receives from all of them, fairly. See [NewPush] for what goes
// for all sockets.
func NewDealer(ctx context.Context, opts ...Option) Socket {
	return newAdapter(ctx, zmq4.Dealer, opts)
}

// NewRouter returns a ROUTER socket: the first frame of what it receives is the
// identity of the peer it came from, and of what it sends that of the peer it
// goes to. What is for nobody is dropped. See [NewPush] for what goes for all
// sockets.
func NewRouter(ctx context.Context, opts ...Option) Socket {
	return newAdapter(ctx, zmq4.Router, opts)
}

// NewPair returns a PAIR socket: it has one peer, and a second one is refused.
// See [NewPush] for what goes for all sockets.
func NewPair(ctx context.Context, opts ...Option) Socket { return newAdapter(ctx, zmq4.Pair, opts) }

// newEngine makes the socket that does the work.
func newEngine(kind zmq4.SocketType, c *config) (engine, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	all, send, recv := c.common(), socket.WithSendHWM(c.hwm), socket.WithRecvHWM(c.hwm)
	var id socket.IdentityOption = socket.WithOptions() // nothing
	if len(c.id) > 0 {
		id = socket.WithIdentity([]byte(c.id.String()))
	}
	switch kind {
	case zmq4.Push:
		return socket.NewPush(send, all)
	case zmq4.Pull:
		return socket.NewPull(recv, all)
	case zmq4.Pub, zmq4.XPub: // a PUB could not tell its topics
		return socket.NewXPub(send, recv, all)
	case zmq4.Sub:
		return socket.NewSub(recv, all)
	case zmq4.XSub:
		return socket.NewXSub(send, recv, all)
	case zmq4.Req:
		return socket.NewReq(send, recv, id, all)
	case zmq4.Rep:
		return socket.NewRep(send, recv, id, all)
	case zmq4.Dealer:
		return socket.NewDealer(send, recv, id, all)
	case zmq4.Router:
		return socket.NewRouter(send, recv, id, socket.WithSilentDrop(), all)
	default:
		return socket.NewPair(send, recv, all)
	}
}
