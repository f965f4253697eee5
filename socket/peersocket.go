package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/pattern"
)

// PeerSocket is the PEER socket: it sends each message to the PEER it names, and
// receives from all of them, fairly (RFC 51). Each connection has an id, a number
// that this side chose (PE-01): ConnectPeer returns it, RecvFrom returns it with a
// message, and SendTo takes it. Messages have one frame.
type PeerSocket struct {
	*socket
	*numbering
	receiving
}

// NewPeerSocket returns a PEER socket. The error, if any, matches ErrOption.
func NewPeerSocket(opts ...PeerOption) (*PeerSocket, error) {
	c := newConfig()
	for _, o := range opts {
		o.forPeer(c)
	}
	s, err := newSingle(pattern.PEER, c)
	if err != nil {
		return nil, err
	}
	x := &PeerSocket{socket: s, numbering: newNumbering(s), receiving: receiving{s}}
	s.rules = x.numbering
	return x, nil
}

// ConnectPeer is Connect that returns the id of the peer, to whom SendTo may send
// at once, before the connection stands (PE-01). The id stays the same when the
// connection is lost and made again. With WithImmediate there is no such peer
// before there is a connection, and the error matches ErrOption (PE-02). Safe for
// concurrent use.
func (x *PeerSocket) ConnectPeer(endpoint string) (PeerID, error) {
	if x.cfg.immediate {
		return "", x.fail("connect", endpoint, fmt.Errorf("%w: ConnectPeer and WithImmediate do not go together", ErrOption))
	}
	p, err := x.connect(endpoint, nil)
	if err != nil {
		return "", err
	}
	return PeerID(p.number), nil
}

// DisconnectPeer ends the connection to a peer, whoever made it, and stops making
// it. From then on sending to the peer is ErrNoRoute (PE-04); what is queued for
// it is still sent for at most the linger time, in the background. An id that no
// peer has is ErrNoRoute. Safe for concurrent use.
func (x *PeerSocket) DisconnectPeer(id PeerID) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return x.fail("disconnect", "", ErrClosed)
	}
	x.socket.send.Lock()
	p, ok := x.routes.Lookup([]byte(id))
	x.socket.send.Unlock()
	if !ok {
		return x.fail("disconnect", "", noRoute(id))
	}
	x.part(p)
	return nil
}
