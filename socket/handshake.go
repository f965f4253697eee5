package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/pattern"
)

// handshakeBuffer is what is read at a time before the handshake is done.
const handshakeBuffer = 512

// errUnfinished is in the chain of the reason for which a connection ended that
// had its time for the handshake.
var errUnfinished = errors.New("handshake takes too long")

// handshake brings x, a new connection, to the end of its handshake, within the
// time that is allowed for all of it. Early is what the peer has sent beyond.
func (s *socket) handshake(x *session) (peer zmtp.Peer, early []byte, err error) {
	conn := x.conn
	deadline := time.Now().Add(s.cfg.handshakeTime)
	if err := conn.SetDeadline(deadline); err != nil {
		return peer, nil, err
	}
	mechanism, err := s.mechanism(x)
	if err != nil {
		return peer, nil, fmt.Errorf("%s: %w", s.cfg.security.Mechanism(), err)
	}
	h := zmtp.NewHandshake(zmtp.Config{
		Mechanism:    mechanism,
		SocketType:   s.kind,
		Identity:     s.cfg.identity,
		SendIdentity: announcesIdentity(s.kind),
		Properties:   s.cfg.properties,
		Legacy:       s.cfg.legacy,
		Admit:        s.admit,
	})

	// Both sides speak first. On a connection without a buffer of its own, such
	// as net.Pipe, that takes someone to write while we read.
	ctx, cancel := context.WithDeadline(x.pipe.ctx, deadline)
	defer cancel()
	out := make(chan []byte, 4)
	wrote := make(chan error, 1)
	go func() {
		var err error
		for b := range out {
			if err == nil {
				_, err = conn.Write(b)
			}
		}
		wrote <- err
	}()
	err = x.converse(ctx, h, deadline, &early, out)
	close(out)
	if errors.Is(err, errEvicted) { // nor does it wait any longer to say something
		_ = conn.SetWriteDeadline(time.Unix(1, 0))
	}
	if werr := <-wrote; err == nil {
		err = werr
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = &peerError{errUnfinished, fmt.Errorf("handshake not done within %v: %w", s.cfg.handshakeTime, err)}
	}
	x.cipher = h.Cipher()
	return h.Peer(), early, classify(err)
}

// converse is handshake without the writing. A handshake that is evicted ends
// when it would wait for the peer, not while something of the peer is unread.
func (x *session) converse(ctx context.Context, h *zmtp.Handshake, deadline time.Time, early *[]byte, out chan<- []byte) error {
	buf := make([]byte, handshakeBuffer)
	var b []byte // of buf: read, and not used yet
	var ended error
	for {
		used, err := h.Receive(b)
		if h.Greeted() {
			x.pipe.greeted.Store(true)
		}
		if o := h.Output(); o != nil {
			out <- o
		}
		if err != nil {
			return err
		}
		b = b[used:]
		if h.Done() {
			*early = b
			return nil
		}
		if r, ok := h.Asked(); ok {
			h.Answer(x.pipe.s.authenticate(ctx, x, h.Mechanism(), r))
			continue
		}
		if len(b) > 0 {
			continue
		}
		if ended != nil {
			return readError(ended)
		}
		if p := x.pipe; p.evicted.Load() {
			if p.patience(time.Now()) <= 0 && !unread(x.conn) {
				return errEvicted
			}
			p.listener.readmit(p)
		}
		n, err := x.conn.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(deadline) { // evicted, or almost
			err = x.conn.SetReadDeadline(deadline)
		}
		b, ended = buf[:n], err
	}
}

// admit refuses peers that this type of socket does not talk to (WT-44). One that
// does not say what it is may stay, as with libzmq (WT-43): one of ZMTP 1.0 has no
// way to.
func (s *socket) admit(p zmtp.Peer) error {
	if _, said := p.Properties.Lookup(zmtp.SocketTypeProperty); !said && p.SocketType == "" {
		return nil
	}
	return s.compatible(p.SocketType)
}

func (s *socket) compatible(kind string) error {
	if !pattern.Compatible(s.kind, kind) {
		return fmt.Errorf("%w: socket type %q does not go with %s", ErrProtocol, kind, s.kind)
	}
	return nil
}

// announcesIdentity reports whether a socket type sends its identity, even an
// empty one (CONFORMANCE 1.1).
func announcesIdentity(kind string) bool {
	return kind == pattern.REQ || kind == pattern.DEALER || kind == pattern.ROUTER
}

// establish takes a new connection through its handshake and its life. It
// returns how long it carried traffic, 0 if it never got there, and why it
// ended.
func (s *socket) establish(ctx context.Context, p *pipe, conn net.Conn) (lived time.Duration, err error) {
	x := s.newSession(p, conn)
	err = s.meet(ctx, x)
	x.end(err)
	if err == nil {
		return max(1, time.Since(x.peer.Since)), classify(x.cause)
	}
	if errors.Is(err, errEvicted) || ctx.Err() == nil {
		s.refuse(p, conn, x.peer, err)
	}
	return 0, err
}

// refuse counts and tells that a connection came to nothing.
func (s *socket) refuse(p *pipe, conn net.Conn, peer Peer, why error) {
	s.refused.Add(1)
	if errors.Is(why, ErrAuth) {
		s.denied.Add(1)
	}
	e := Event{Kind: EventHandshakeFailed, Endpoint: p.endpoint, Err: why, Peer: peer}
	if a := conn.RemoteAddr(); a != nil {
		e.Remote = a.String()
	}
	s.monitors.emit(e)
	s.journal.refused(p, e.Remote, why)
}

// meet is establish for a session that has been made. It returns why the
// connection never got to traffic, or nil if it did.
func (s *socket) meet(ctx context.Context, x *session) error {
	s.mu.Lock()
	s.conns[x] = struct{}{}
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { x.end(ErrClosed) })
	defer stop()
	if s.bare {
		s.settled(x)
		if err := x.open(); err != nil {
			return err
		}
		return s.serve(x, nil)
	}
	if c, ok := x.conn.(inprocessConn); ok {
		remote, err := s.introduce(ctx, x, c)
		s.settled(x)
		if err != nil {
			return err
		}
		return s.join(x, remote)
	}
	peer, early, err := s.handshake(x)
	s.settled(x)
	x.describe(peer)
	if err != nil {
		return err
	}
	return s.serve(x, early)
}

// settled is told that a connection is no longer in its handshake.
func (s *socket) settled(x *session) {
	s.mu.Lock()
	delete(s.conns, x)
	s.mu.Unlock()
	if l := x.pipe.listener; l != nil {
		l.settled(x.pipe)
	}
}
