package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"sync"
)

// A ProxySocket is an end of a [Proxy]. It is a [Receiver], a [Sender] or both,
// and that decides which ways messages go. All sockets of this package are, and
// so may be what others make of them; what only a socket of this package can
// do, Proxy says. A proxy never closes its ends.
type ProxySocket interface{ io.Closer }

// errTerminated is the cause of the end that [ProxyControl.Terminate] asks for.
var errTerminated = errors.New("terminated")

// Proxy hands on what front receives to back, and what back receives to front,
// in so far as they receive and send: ROUTER and DEALER, XSUB and XPUB, PULL
// and PUSH, SUB and PUB, DEALER and DEALER, PAIR and PAIR, and so on. Front and
// back may be the same socket, which then gets back what it receives. Messages
// stay whole, and in order each way; subscriptions go upstream as the messages
// that they are (PR-01, PR-04, PR-05). Each way has a goroutine, so neither
// waits for the other.
//
// A message is received only when the other end has room for one, so that
// back-pressure goes through (PR-02). One that was received and then finds no
// room, because it is too large for what is left, or another took the place, or
// all subscribers are waited for, stays in the proxy's hand until there is. If
// the proxy ends first, it goes back to the socket, whose next Recv returns it:
// nothing is lost, whatever ends the proxy. A ProxySocket that is not of this
// package gets no room asked for and takes nothing back: what came from it is
// waited for one second more, and then dropped and counted.
//
// What an end refuses to send is dropped and counted, and does not end the
// proxy: for a peer that has left a ROUTER, above a limit, of a form that the
// socket does not send.
//
// REQ and REP go strictly in turn, so they are no ends, except one REP as both;
// ROUTER and DEALER take their place.
//
// Proxy runs until ctx is done, an end is closed, or the proxy is terminated,
// and returns ctx's error, ErrClosed, or nil. An end that fails otherwise ends it
// with that error. What makes no sense is ErrOption. Its goroutines have ended
// when it returns. Other goroutines may use the sockets meanwhile.
func Proxy(ctx context.Context, front, back ProxySocket, opts ...ProxyOption) error {
	p := &proxy{}
	for _, o := range opts {
		o.forProxy(p)
	}
	if err := p.prepare(front, back); err != nil {
		return p.fail(err)
	}
	if err := ctx.Err(); err != nil {
		return p.fail(err)
	}
	run, end := context.WithCancelCause(ctx)
	defer end(nil)
	if err := p.steering.begin(run, end, p); err != nil {
		return p.fail(err)
	}
	p.run(run, end, front, back)
	cause := context.Cause(run)
	switch {
	case errors.Is(cause, errTerminated):
		return nil
	case ctx.Err() != nil && errors.Is(cause, context.Cause(ctx)):
		return p.fail(ctx.Err())
	}
	if errors.As(cause, new(*OpError)) {
		return cause
	}
	return p.fail(cause)
}

// proxy is one call of Proxy.
type proxy struct {
	steering *ProxyControl
	control  ProxySocket
	capture  ProxySocket
	copies   *outlet // of capture
	lossy    bool    // a capture that is full gets no copy
	lanes    []*lane
}

// fail wraps err as the error of Proxy.
func (p *proxy) fail(err error) error {
	return &OpError{Op: "forward", Socket: "proxy", Err: err}
}

// prepare finds out what is to be forwarded.
func (p *proxy) prepare(front, back ProxySocket) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrOption, fmt.Sprintf(format, args...))
	}
	if front == nil || back == nil {
		return bad("a proxy has two ends")
	}
	same := reflect.TypeOf(front).Comparable() && front == back
	for _, end := range []ProxySocket{front, back} {
		_, rep := end.(*Rep)
		if _, req := end.(*Req); req || rep && !same {
			return bad("%T goes strictly in turn: take a DEALER or a ROUTER", end)
		}
	}
	p.lanes = append(p.lanes, newLane(p, front, back))
	if !same {
		p.lanes = append(p.lanes, newLane(p, back, front))
	}
	if p.lanes[0] == nil && (same || p.lanes[1] == nil) {
		return bad("nothing goes from %T to %T, or back", front, back)
	}
	if p.capture != nil {
		if p.copies = newOutlet(p.capture); p.copies == nil {
			return bad("WithCapture: %T does not send", p.capture)
		}
	}
	if _, ok := p.control.(Receiver); p.control != nil && !ok {
		return bad("WithControl: %T does not receive", p.control)
	}
	if p.steering == nil {
		p.steering = new(ProxyControl)
	}
	return nil
}

// run forwards until ctx is done, and waits for all that it started.
func (p *proxy) run(ctx context.Context, end context.CancelCauseFunc, front, back ProxySocket) {
	var wg sync.WaitGroup
	for _, w := range p.lanes {
		if w != nil {
			wg.Go(func() { end(w.run(ctx)) })
		}
	}
	for _, s := range []ProxySocket{front, back} { // a lane that waits for the one does not notice the end of the other
		if b := own(s); b != nil {
			wg.Go(func() { end(b.awaitEnd(ctx)) })
		}
	}
	if p.control != nil {
		wg.Go(func() { p.obey(ctx) })
	}
	wg.Wait()
}

// awaitEnd waits until the socket is closed, or ctx is done, and returns the
// reason as an error.
func (s *socket) awaitEnd(ctx context.Context) error {
	if err := s.WaitPeers(ctx, math.MaxInt); ctx.Err() != nil {
		return err
	}
	return s.fail("forward", "", ErrClosed)
}

// base finds the socket that others are made of.
func (s *socket) base() *socket { return s }

// own returns the socket that end is, or nil if it is not of this package: one
// that embeds it may have methods of its own in place of ours.
func own(end ProxySocket) *socket {
	b, ok := end.(interface{ base() *socket })
	if t := reflect.TypeOf(end); !ok || t.Kind() != reflect.Pointer || t.Elem().PkgPath() != reflect.TypeFor[socket]().PkgPath() {
		return nil
	}
	return b.base()
}
