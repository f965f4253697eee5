package inproc

import (
	"net"
	"sync"
)

// listener is a bound name. The transport's mutex guards it.
type listener struct {
	transport *Transport
	meeting   *meeting
	name      string
	arrived   sync.Cond // a dialler waits, or the listener was closed
	closed    bool
}

// Accept returns the listener's end of the oldest waiting Dial, a [*Conn]. It blocks until there is one or the listener
// is closed; then the error matches net.ErrClosed.
func (l *listener) Accept() (net.Conn, error) {
	l.transport.mu.Lock()
	defer l.transport.mu.Unlock()
	for !l.closed && l.meeting.waiting.Len() == 0 {
		l.arrived.Wait()
	}
	if l.closed {
		return nil, opError("accept", l.name, net.ErrClosed)
	}
	c := l.meeting.waiting.Remove(l.meeting.waiting.Front()).(*call)
	close(c.taken)
	return c.far, nil
}

// Close frees the name and ends every Accept. Diallers not accepted yet wait for the next listener on the name. It does
// not block; a second call returns an error that matches net.ErrClosed.
func (l *listener) Close() error {
	l.transport.mu.Lock()
	defer l.transport.mu.Unlock()
	if l.closed {
		return opError("close", l.name, net.ErrClosed)
	}
	l.closed = true
	l.meeting.listener = nil
	l.transport.forget(l.name, l.meeting)
	l.arrived.Broadcast()
	return nil
}

// Addr returns the name as an [Addr].
func (l *listener) Addr() net.Addr { return Addr(l.name) }
