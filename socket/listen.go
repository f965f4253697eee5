package socket

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/brokerless/brokerless/transport"
)

// A listener accepts the connections of one bound endpoint. Each connection
// has its own goroutine from its first moment, so that a slow one holds up
// nobody.
type listener struct {
	s        *socket
	l        net.Listener
	given    string // as given to Bind
	endpoint string // with the port that was chosen

	freed chan struct{} // of capacity 1: a handshake is over, or the listener closed

	mu      sync.Mutex
	pending []*pipe            // in the handshake, the oldest first
	pipes   map[*pipe]struct{} // all that are still there
	closed  bool
}

// Bind listens on an endpoint, and returns it with what was left open filled
// in: "tcp://127.0.0.1:0" gives back the real port. When it returns, peers can
// connect. Errors match ErrEndpoint, or are the operating system's, such as
// syscall.EADDRINUSE. Safe for concurrent use.
func (s *socket) Bind(endpoint string) (resolved string, err error) {
	if t, e, ok := s.packets(endpoint); ok {
		return s.bindPacket(t, e)
	}
	t, e, err := s.transport(endpoint)
	if err != nil {
		return "", s.fail("bind", endpoint, err)
	}
	if c, ok := t.(transport.Checker); ok {
		if err := c.CheckListen(e.Address); err != nil {
			return "", s.fail("bind", endpoint, &peerError{ErrEndpoint, err})
		}
	}
	l, err := t.Listen(s.ctx, e.Address)
	if err != nil {
		if s.ctx.Err() != nil {
			err = ErrClosed
		}
		return "", s.fail("bind", endpoint, err)
	}
	resolved = e.Scheme + "://" + l.Addr().String()
	err = s.listen(l, endpoint, resolved)
	if err == nil {
		s.journal.listening(e.Scheme, resolved, l.Addr())
	}
	return resolved, err
}

// BindListener lets the socket accept the connections of a listener that
// somebody else made: inherited from a supervisor, wrapped in TLS, of a test.
// The socket closes it. For Unbind its endpoint is "network://address" of its
// address.
func (s *socket) BindListener(l net.Listener) error {
	endpoint := l.Addr().Network() + "://" + l.Addr().String()
	err := s.listen(l, endpoint, endpoint)
	if _, plain := l.(*net.TCPListener); plain && err == nil { // who knows what another one does for security
		s.journal.listening("tcp", endpoint, l.Addr())
	}
	return err
}

// AttachConn makes the socket talk over a connection that exists already, as
// if a peer had just connected. It returns at once; the handshake runs in the
// background. The socket closes the connection.
func (s *socket) AttachConn(c net.Conn) error {
	endpoint := "conn"
	if a := c.LocalAddr(); a != nil {
		endpoint = a.Network() + "://" + a.String()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return s.fail("attach", endpoint, ErrClosed)
	}
	p := s.newPipe(endpoint, false)
	s.register(p)
	s.wg.Go(func() {
		_, _ = s.establish(p.ctx, p, c) // why it ended is an event
		p.retire()
	})
	return nil
}

// Unbind stops listening on an endpoint, given as to Bind or as Bind returned
// it, and ends the connections accepted there (TR-10). It returns at once;
// what is queued for them is still sent for at most the linger time, in the
// background. An endpoint that is not bound is refused with ErrEndpoint.
func (s *socket) Unbind(endpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.fail("unbind", endpoint, ErrClosed)
	}
	for l := range s.listeners {
		if l.endpoint == endpoint || l.given == endpoint {
			delete(s.listeners, l)
			l.close(s.cfg.linger)
			return nil
		}
	}
	return s.fail("unbind", endpoint, &peerError{ErrEndpoint, errNotBound})
}

var errNotBound = errors.New("not bound to this endpoint")

func (s *socket) listen(l net.Listener, given, endpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.Close()
		return s.fail("bind", given, ErrClosed)
	}
	ln := &listener{s: s, l: l, given: given, endpoint: endpoint, freed: make(chan struct{}, 1), pipes: make(map[*pipe]struct{})}
	s.listeners[ln] = struct{}{}
	s.monitors.emit(Event{Kind: EventListening, Endpoint: endpoint})
	s.wg.Go(ln.accept)
	if g, ok := l.(*gate); ok && g.pipe != nil {
		ln.pipes[g.pipe] = struct{}{}
		s.wg.Go(g.send)
	}
	return nil
}

// accept takes connections until the listener is closed. An error, such as no
// descriptors left, is waited out.
func (l *listener) accept() {
	s := l.s
	pause := time.Duration(0)
	for {
		conn, err := l.l.Accept()
		if err == nil {
			pause = 0
			l.admit(conn)
			continue
		}
		if l.isClosed() || errors.Is(err, net.ErrClosed) {
			s.monitors.emit(Event{Kind: EventUnbound, Endpoint: l.endpoint})
			return
		}
		pause = min(max(2*pause, acceptPauseMin), acceptPauseMax)
		s.monitors.emit(Event{Kind: EventAcceptFailed, Endpoint: l.endpoint, Err: err, Delay: pause})
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-l.freed: // perhaps by close
			t.Stop()
		}
	}
}

func (l *listener) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// errEvicted is why a connection that takes its time loses its place.
var errEvicted = fmt.Errorf("%w: more unfinished handshakes than allowed, the oldest goes", ErrProtocol)

// makeRoom sees to it that a newcomer can begin its handshake. If too many are
// in theirs, it waits for one to be done, for when honest peers come in crowds
// that is all it takes; but once one has had its time, it goes, the oldest
// first. A peer whose greeting has come has more time: it may be done with its
// handshake when we are not.
func (l *listener) makeRoom() {
	for {
		l.mu.Lock()
		if l.closed || len(l.pending) < l.s.cfg.maxHandshakes {
			l.mu.Unlock()
			return
		}
		now, first, patience := time.Now(), 0, time.Duration(math.MaxInt64)
		for i, p := range l.pending {
			if left := p.patience(now); left < patience {
				first, patience = i, left
			}
		}
		if patience <= 0 {
			p := l.pending[first]
			l.pending = slices.Delete(l.pending, first, first+1)
			l.mu.Unlock()
			p.evict()
			return
		}
		l.mu.Unlock()
		t := time.NewTimer(patience)
		select {
		case <-l.freed:
		case <-t.C:
		}
		t.Stop()
	}
}

// patience returns for how much longer an accepted connection keeps its place
// in the handshake.
func (p *pipe) patience(now time.Time) time.Duration {
	age := now.Sub(p.since)
	if p.greeted.Load() {
		return greetedPatience - age
	}
	return handshakePatience - age
}

// evict asks the handshake of an accepted connection to end if it waits for the
// peer. One that does not is not the peer's fault, but ours: we are slow. The
// peer may be done with it, and have sent messages, which would be lost.
func (p *pipe) evict() {
	p.evicted.Store(true)
	_ = p.accepted.SetReadDeadline(time.Unix(1, 0))
}

// readmit gives back its place, and its time, to a handshake that was not to be
// evicted after all.
func (l *listener) readmit(p *pipe) {
	l.mu.Lock()
	p.since = time.Now()
	p.evicted.Store(false)
	l.pending = append(l.pending, p)
	l.mu.Unlock()
}

// admit starts the life of an accepted connection. A newcomer is always served,
// unless as many as are allowed are past their handshake, or come from its address.
func (l *listener) admit(conn net.Conn) {
	s := l.s
	e := Event{Kind: EventAccepted, Endpoint: l.endpoint}
	if a := conn.RemoteAddr(); a != nil {
		e.Remote = a.String()
	}
	s.monitors.emit(e)
	p := s.newPipe(l.endpoint, false)
	from, err := s.crowd.enter(s.cfg, conn.RemoteAddr())
	if err != nil {
		p.cancel()
		conn.Close()
		s.refuse(p, conn, Peer{}, err)
		return
	}
	l.makeRoom()
	p.accepted, p.since = conn, time.Now()
	l.mu.Lock()
	if l.closed || !s.register(p) {
		l.mu.Unlock()
		p.cancel()
		conn.Close()
		s.crowd.leave(from)
		return
	}
	l.pending = append(l.pending, p)
	l.pipes[p] = struct{}{}
	p.listener = l
	s.wg.Go(func() {
		_, _ = s.establish(p.ctx, p, conn) // why it ended is an event
		s.crowd.leave(from)
		p.retire()
		l.mu.Lock()
		delete(l.pipes, p)
		l.mu.Unlock()
	})
	l.mu.Unlock()
}

// settled is told that p is no longer in its handshake.
func (l *listener) settled(p *pipe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.pending, p); i >= 0 {
		l.pending = slices.Delete(l.pending, i, i+1)
	}
	l.signal()
}

// signal lets makeRoom look again.
func (l *listener) signal() {
	select {
	case l.freed <- struct{}{}:
	default:
	}
}

// close stops accepting and ends the accepted connections.
func (l *listener) close(linger time.Duration) {
	l.mu.Lock()
	l.closed = true
	pipes := make([]*pipe, 0, len(l.pipes))
	for p := range l.pipes {
		pipes = append(pipes, p)
	}
	l.mu.Unlock()
	l.signal()
	l.l.Close()
	for _, p := range pipes {
		p.drain(linger)
	}
}
