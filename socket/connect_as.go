package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/pattern"
)

// ConnectAs is Connect to a peer that this socket knows as id, whatever identity
// the peer announces (ZMQ_CONNECT_ROUTING_ID, RR-47). Messages can be sent to it
// at once: they are queued until the connection is there, and when it is lost
// until there is another one, except with WithImmediate. Nobody else can have the
// id before Disconnect, WithHandover or not. The error matches ErrOption if id is
// not 1 to 255 octets of which the first is not zero, or somebody has it; else it
// is that of Connect. Safe for concurrent use.
func (r *Router) ConnectAs(endpoint string, id PeerID) error {
	_, err := r.connect(endpoint, func(p *pipe) error { return r.reserve(p, id) })
	return err
}

// ConnectAs is Connect to a peer whose connection has the routing id that is
// given, of 1 to 255 octets, of which the first is not zero (ZMQ_CONNECT_ROUTING_ID,
// RR-47). Data can be sent to it at once, and waits for the connection; so does
// what is sent between one connection and the next. What the one before has not
// taken is dropped; until that is gone for good, which may be a moment after its
// notice, sending is ErrNoRoute. The errors are those of [Router.ConnectAs]. Safe
// for concurrent use.
func (x *Stream) ConnectAs(endpoint string, id PeerID) error {
	_, err := x.connect(endpoint, func(p *pipe) error { return x.routing.reserve(p, id) })
	return err
}

// reserve gives the peer of p, which is about to be connected, an identity.
func (b *routing) reserve(p *pipe, id PeerID) error {
	if err := pattern.CheckIdentity([]byte(id)); err != nil {
		return &peerError{ErrOption, err}
	}
	if x, taken := b.routes.Lookup([]byte(id)); taken {
		return &peerError{ErrOption, fmt.Errorf("%w: %q is %s", pattern.ErrTaken, id, x.peer.RemoteAddr)}
	}
	if other := b.named[id]; other != nil {
		return &peerError{ErrOption, fmt.Errorf("%w: %q is %s", pattern.ErrTaken, id, other.endpoint)}
	}
	if b.named == nil {
		b.named = make(map[PeerID]*pipe)
	}
	b.named[id] = p
	p.name = id
	return nil
}

// to returns where messages for an identity go. The caller holds the send lock.
func (b *routing) to(id []byte) (*pipe, bool) {
	if x, ok := b.routes.Lookup(id); ok {
		return x.pipe, true
	}
	if b.s.cfg.immediate {
		return nil, false
	}
	p, ok := b.named[PeerID(id)]
	return p, ok && p.session == nil // one that has an end and no route is ending (STREAM)
}
