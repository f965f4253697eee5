package socket

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/brokerless/brokerless/pattern"
)

// Stream talks to peers that do not speak ZMTP: octets come and go as they are
// (ZMQ_STREAM, ST-01). Each connection has a routing id of five octets, the first
// of them zero, for as long as it lasts. What is received is [id, data], where
// data is what the connection brought at once, at most 64 KiB, without any
// boundary of its own (ST-04), or empty: the connection is there, or has ended
// (ST-02).
//
// Bind and Connect take every transport that has connections of octets; inproc,
// which has none, is refused with ErrEndpoint. A connection that Connect made is
// made again when it is lost, as for other sockets, and then has another id,
// unless ConnectAs has given it one.
// Connections take turns in being received from, so that its notice may come
// before that of the end of the one before. The end of the peer's direction is
// the end of the connection. Options about handshake, heartbeat and properties
// have no effect, and those about security are refused with ErrOption: encrypt by
// the transport or the listener.
//
// A peer that is not received from is held up by its connection, once its queue
// is full. Its id is the PeerID of the Peer that RecvFrom and events tell.
type Stream struct {
	*socket
	receiving
	routing *routing
}

// NewStream returns a STREAM socket. The error, if any, matches ErrOption.
func NewStream(opts ...StreamOption) (*Stream, error) {
	c := newConfig()
	for _, o := range opts {
		o.forStream(c)
	}
	c.mandatory = true // octets are never dropped while their connection lasts
	if c.securityGiven || c.authenticatorGiven {
		return nil, &OpError{
			Op: "new", Socket: pattern.STREAM,
			Err: fmt.Errorf("%w: a STREAM has no mechanism of ZMTP, and asks nobody: encrypt by its transport", ErrOption),
		}
	}
	s, err := newSocket(pattern.STREAM, c)
	if err != nil {
		return nil, err
	}
	s.bare = true
	x := &Stream{socket: s, receiving: receiving{s}}
	x.routing = &routing{s: s, routes: pattern.NewRoutes[*session](rand.Uint32())}
	s.rules = x.routing
	s.recv.filter = x.routing
	return x, nil
}

// Send sends [id, data]: the octets of data to the connection with that routing
// id. While its queue is full, in calls of Send or in octets, it waits; the data
// is copied before it returns. Empty data ends the connection, once what was
// queued before is written, which has the linger time to be (ST-03); one that
// Connect made is not made again. Other than
// two frames are ErrMessage, an id that no connection has, or has any more, is
// ErrNoRoute. Other errors are ctx's own, ErrClosed and ErrTooLarge. Safe for
// concurrent use.
func (x *Stream) Send(ctx context.Context, frames ...[]byte) error {
	return x.send(ctx, true, frames)
}

// TrySend is Send that returns ErrWouldBlock rather than wait.
func (x *Stream) TrySend(frames ...[]byte) error {
	return x.send(context.Background(), false, frames)
}

// SendTo is Send to a connection that is named apart from the data.
func (x *Stream) SendTo(ctx context.Context, id PeerID, data []byte) error {
	return x.send(ctx, true, [][]byte{[]byte(id), data})
}

func (x *Stream) send(ctx context.Context, wait bool, frames [][]byte) error {
	if len(frames) != 2 {
		return x.fail("send", "", fmt.Errorf("%w: %d frames, a STREAM sends a routing id and data", ErrMessage, len(frames)))
	}
	if len(frames[1]) > 0 {
		return x.routing.send(ctx, wait, frames[0], frames[1:])
	}
	if err := ctx.Err(); err != nil {
		return x.fail("send", "", err)
	}
	s := x.socket
	s.send.Lock()
	closed := s.send.closed
	to, ok := x.routing.to(frames[0])
	s.send.Unlock()
	switch {
	case closed:
		return s.fail("send", "", ErrClosed)
	case !ok:
		return s.fail("send", "", fmt.Errorf("%w: %q", ErrNoRoute, frames[0]))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part(to) // what Connect named is given up, as by Disconnect
	return nil
}

// WithoutNotices leaves out the messages without data by which a STREAM tells
// that a connection is there or has ended (ZMQ_STREAM_NOTIFY). Events still tell.
func WithoutNotices() StreamOption {
	return streamOption(func(c *config) { c.noNotices = true })
}

type streamOption func(*config)

func (o streamOption) forStream(c *config) { o(c) }
