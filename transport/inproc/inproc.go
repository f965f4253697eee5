// Package inproc carries connections inside one process, for endpoints inproc://name.
//
// A [Transport] is a name space. Names are any octets, 1 to 256 of them, compared exactly (EP-30). A connection is a
// pair of [Conn]; no socket of the operating system and no goroutine is behind it.
package inproc

import (
	"container/list"
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/brokerless/brokerless/transport"
)

const (
	scheme  = "inproc"
	maxName = 256 // octets, as libzmq documents
)

// Transport is a name space of listeners, safe for concurrent use. Two Transports do not see each other's names. It
// needs no closing: a name takes memory only while somebody listens on it or dials it.
type Transport struct {
	mu    sync.Mutex
	names map[string]*meeting
}

// meeting is what is known of one name. It exists while there is a listener or a waiting dialler.
type meeting struct {
	listener *listener // nil while the name is not bound
	waiting  list.List // of *call, oldest first
}

// call is a Dial that no Accept has taken yet.
type call struct {
	far   *Conn         // what Accept will return
	taken chan struct{} // closed once an Accept has it
}

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Checker   = (*Transport)(nil)
)

// New returns an empty name space.
func New() *Transport { return &Transport{names: make(map[string]*meeting)} }

// Scheme returns "inproc".
func (t *Transport) Scheme() string { return scheme }

// CheckDial returns an [*transport.EndpointError] unless name has 1 to 256 octets.
func (t *Transport) CheckDial(name string) error { return check(name) }

// CheckListen returns an [*transport.EndpointError] unless name has 1 to 256 octets.
func (t *Transport) CheckListen(name string) error { return check(name) }

func check(name string) error {
	if len(name) >= 1 && len(name) <= maxName {
		return nil
	}
	return &transport.EndpointError{
		Endpoint: scheme + "://" + name,
		Reason:   fmt.Sprintf("name of %d octets, want 1 to %d", len(name), maxName),
	}
}

// Dial connects to the listener on name; the connection is a [*Conn]. It blocks until the listener accepts, and when
// nobody listens, until somebody does (EP-32), or until ctx is done. Waiting diallers are served in the order they came.
func (t *Transport) Dial(ctx context.Context, name string) (net.Conn, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, opError("dial", name, err)
	}
	near, far := newPair(Addr(name))
	c := &call{far: far, taken: make(chan struct{})}
	t.mu.Lock()
	m := t.meeting(name)
	place := m.waiting.PushBack(c)
	if m.listener != nil {
		m.listener.arrived.Signal()
	}
	t.mu.Unlock()
	select {
	case <-c.taken:
		return near, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-c.taken: // in the same moment: the listener has its end, so the connection stands
		return near, nil
	default:
	}
	m.waiting.Remove(place)
	t.forget(name, m)
	return nil, opError("dial", name, ctx.Err())
}

// Listen binds name. It does not block. A name that is bound gives an error that matches syscall.EADDRINUSE (EP-31).
// Diallers that wait for the name are accepted first.
func (t *Transport) Listen(ctx context.Context, name string) (net.Listener, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, opError("listen", name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.meeting(name)
	if m.listener != nil {
		return nil, opError("listen", name, syscall.EADDRINUSE)
	}
	m.listener = &listener{transport: t, meeting: m, name: name, arrived: sync.Cond{L: &t.mu}}
	return m.listener, nil
}

// meeting returns the meeting for name, a new one if there is none. The caller holds mu.
func (t *Transport) meeting(name string) *meeting {
	m, ok := t.names[name]
	if !ok {
		m = &meeting{}
		t.names[name] = m
	}
	return m
}

// forget drops a meeting that nobody attends. The caller holds mu.
func (t *Transport) forget(name string, m *meeting) {
	if m.listener == nil && m.waiting.Len() == 0 {
		delete(t.names, name)
	}
}

func opError(op, name string, err error) error {
	return &net.OpError{Op: op, Net: scheme, Addr: Addr(name), Err: err}
}

// Addr is the name of a listener, and of both ends of its connections.
type Addr string

// Network returns "inproc".
func (a Addr) Network() string { return scheme }

// String returns the name.
func (a Addr) String() string { return string(a) }
