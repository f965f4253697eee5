package zmq4adapter

import (
	"context"
	"errors"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// Proxy forwards what the front socket receives to the back socket, and the
// other way round. Its methods are safe for concurrent use.
type Proxy struct {
	control socket.ProxyControl
	ended   chan struct{}
	err     error // set before ended is closed
}

// NewProxy starts to forward between two sockets that are bound or connected, in
// the directions that their types allow. If capture is not nil, it is sent all
// that is forwarded. The sockets may be of the original; but then only their
// next message or their end lets a paused or killed proxy go of them.
func NewProxy(ctx context.Context, front, back, capture Socket) *Proxy {
	p := &Proxy{ended: make(chan struct{})}
	opts := []socket.ProxyOption{socket.WithSteering(&p.control)}
	if capture != nil {
		opts = append(opts, socket.WithCapture(proxyEnd(capture)))
	}
	go func() {
		defer close(p.ended)
		err := socket.Proxy(ctx, proxyEnd(front), proxyEnd(back), opts...)
		switch {
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			err = ctx.Err()
		case errors.Is(err, socket.ErrClosed):
			err = context.Canceled
		}
		p.err = err
	}()
	return p
}

// Run waits until the proxy has ended: after Kill with nil, else with the error
// of the context or of the socket that failed.
func (p *Proxy) Run() error {
	<-p.ended
	return p.err
}

// Pause makes the proxy take no more messages, until Resume. What it has taken
// it still forwards.
func (p *Proxy) Pause() { p.control.Pause() }

// Resume ends a pause.
func (p *Proxy) Resume() { p.control.Resume() }

// Kill ends the proxy. It does not wait for that, but Run does. What the proxy
// has taken and cannot forward goes back to its socket, whose next Recv returns
// it; that of an XPUB, a REQ, a REP, or a socket of the original, is forwarded
// within a second or dropped.
func (p *Proxy) Kill() { p.control.Terminate() }

// Stats does nothing, as in the original. See Forwarded.
func (p *Proxy) Stats() {}

// Forwarded returns how many messages went from the front to the back so far,
// and how many the other way.
func (p *Proxy) Forwarded() (forward, backward uint64) {
	st := p.control.Statistics()
	return st.Back.Sent, st.Front.Sent
}

// proxyEnd returns what package socket forwards from and to in place of s: its
// own socket, or one that does what s does.
func proxyEnd(s zmq4.Socket) socket.ProxySocket {
	if s == nil {
		return nil
	}
	a, _ := s.(*adapter)
	if t, ok := s.(*topical); ok && t.kind == zmq4.Sub {
		a = t.adapter
	}
	if a != nil && a.kind != zmq4.Req && a.kind != zmq4.Rep {
		if eng, err := a.engine(); err == nil {
			return eng
		}
	}
	end := foreign{s}
	in, out := receiving{end}, sending{end}
	switch s.Type() {
	case zmq4.Push, zmq4.Pub:
		return out
	case zmq4.Pull, zmq4.Sub:
		return in
	}
	return struct {
		socket.ProxySocket
		socket.Receiver
		socket.Sender
	}{end, in, out}
}

// foreign is a socket as an end of a proxy that package socket does not have: a
// publisher, which keeps its topics, a REQ or a REP, or a socket of the original.
type foreign struct{ zmq4.Socket }

// Close does nothing: a proxy leaves that to its user.
func (foreign) Close() error { return nil }

type (
	receiving struct{ end foreign }
	sending   struct{ end foreign }
)

func (receiving) Close() error { return nil }

func (sending) Close() error { return nil }

func (r receiving) Recv(ctx context.Context) (socket.Message, error) {
	if a, ok := r.end.Socket.(own); ok {
		m, err := a.recv(ctx)
		return m.Frames, err
	}
	m, err := r.end.Recv()
	return m.Frames, err
}

func (s sending) Send(ctx context.Context, frames ...[]byte) error {
	msg := zmq4.NewMsgFrom(frames...)
	if a, ok := s.end.Socket.(own); ok {
		return a.give(ctx, msg)
	}
	return s.end.Send(msg)
}

// own is a socket of this package.
type own interface {
	give(ctx context.Context, msg zmq4.Msg) error
	recv(ctx context.Context) (zmq4.Msg, error)
}
