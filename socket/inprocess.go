package socket

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// inprocessConn is a connection of the inproc transport, whose ends hand each
// other what they need to do without octets.
type inprocessConn interface {
	net.Conn
	Exchange(ctx context.Context, local any) (remote any, err error)
	Done() <-chan struct{}
}

// An introduction is what two sockets of one process hand each other instead
// of a handshake. The outgoing queue of each becomes the incoming queue of the
// other.
type introduction struct {
	session    *session
	kind       string
	identity   []byte
	properties zmtp.Metadata
	joined     chan struct{} // closed when the session is part of its socket
	sealed     chan struct{} // closed when it will take nothing more from the other's queue
}

// introduce is the handshake in process.
func (s *socket) introduce(ctx context.Context, x *session, conn inprocessConn) (*introduction, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.handshakeTime)
	defer cancel()
	local := &introduction{
		session:    x,
		kind:       s.kind,
		properties: s.cfg.properties,
		joined:     make(chan struct{}),
		sealed:     make(chan struct{}),
	}
	if announcesIdentity(s.kind) {
		local.identity = s.cfg.identity
	}
	x.local = local
	got, err := conn.Exchange(ctx, local)
	if err != nil {
		close(local.sealed)
		return nil, err
	}
	remote, ok := got.(*introduction)
	if !ok {
		close(local.sealed)
		return nil, fmt.Errorf("%w: the other end of %s is not a socket", ErrProtocol, x.pipe.endpoint)
	}
	x.twin = remote.session
	x.peer.SocketType = remote.kind
	x.peer.ID = PeerID(remote.identity)
	x.peer.properties = remote.properties
	x.addresses()
	return remote, nil
}

// errLeft says that the other end in process went away.
var errLeft = errors.New("peer left")

// join carries an in-process connection until it ends.
func (s *socket) join(x *session, remote *introduction) error {
	conn := x.conn.(inprocessConn)
	sealed := false
	seal := func() {
		if !sealed {
			sealed = true
			close(x.local.sealed)
		}
	}
	defer seal()
	if err := s.compatible(remote.kind); err != nil {
		return err
	}
	if err := s.crowd.sit(x); err != nil {
		return err
	}
	defer s.crowd.rise(x)
	// A pipe that Connect made may hold messages already. They are taken from it
	// only when its own end knows over which connection: else a REQ could not tell
	// that a request that it gives up has left, and that its reply will come.
	if x.twin.pipe.dialed && !x.pipe.dialed {
		select {
		case <-remote.joined:
		case <-conn.Done():
			return errLeft
		}
	}
	q := x.twin.pipe.out // its lock is the other socket's send lock: not taken under ours
	x.inlet = newInlet(x, q)
	s.recv.Lock()
	q.Lock()
	x.remark(q, s.cfg.recvMarks)
	if s.cfg.conflate {
		q.SetConflate(true) // HW-07
	}
	s.conflateTopics(q)
	q.SetConsumer(x.inlet) // before attach tells of the peer: what it sends then is there to receive
	q.Unlock()
	s.recv.Unlock()
	if err := s.attach(x); err != nil {
		return err
	}
	close(x.local.joined)
	select {
	case <-remote.joined:
		s.replay(x)
		s.linger(x, conn)
	case <-conn.Done():
		x.end(errLeft)
	}
	x.end(errLeft)
	s.recv.Lock()
	x.inlet.Seal()
	s.recv.Unlock()
	seal()
	<-remote.sealed // what the peer took is its own; the rest is ours again
	s.detach(x)
	return nil
}

// linger waits until one side ends the connection.
func (s *socket) linger(x *session, conn inprocessConn) {
	for {
		s.send.Lock()
		draining := x.pipe.draining
		s.send.Unlock()
		if draining {
			x.end(ErrClosed)
			return
		}
		select {
		case <-conn.Done():
			return
		case <-x.stop:
			return
		case <-x.wake:
		}
	}
}
