package zmq4adapter

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/go-zeromq/zmq4"
)

// Proxy forwards what the front socket receives to the back socket, and the
// other way round. Its methods are safe for concurrent use.
type Proxy struct {
	ctx     context.Context // done when the proxy is given up
	cancel  context.CancelFunc
	workers sync.WaitGroup
	capture zmq4.Socket

	forwarded [2]atomic.Uint64

	mu     sync.Mutex
	killed bool
	err    error           // of the first that failed
	flow   context.Context // of the Recv under way: done when it shall flow no more
	stop   context.CancelFunc
	paused chan struct{} // closed by Resume; nil while it flows
}

// NewProxy starts to forward between two sockets that are bound or connected, in
// the directions that their types allow. If capture is not nil, it is sent all
// that is forwarded. The sockets may be of the original; but then only their
// next message or their end lets a paused or killed proxy go of them.
func NewProxy(ctx context.Context, front, back, capture Socket) *Proxy {
	p := &Proxy{capture: capture}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.flow, p.stop = context.WithCancel(p.ctx)
	for i, way := range [][2]zmq4.Socket{{front, back}, {back, front}} {
		src, dst := way[0], way[1]
		if src == nil || dst == nil || !receives(src.Type()) {
			continue
		}
		p.workers.Go(func() {
			if err := p.forward(src, dst, &p.forwarded[i]); err != nil {
				p.fail(err)
			}
		})
	}
	return p
}

// Run waits until the proxy has ended: after Kill with nil, else with the error
// of the context or of the socket that failed.
func (p *Proxy) Run() error {
	p.workers.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.cancel()
	switch {
	case p.killed:
		return nil
	case p.err != nil:
		return p.err
	}
	return p.ctx.Err()
}

// Pause makes the proxy take no more messages, until Resume. What it has taken
// it still forwards.
func (p *Proxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil && !p.killed {
		p.paused = make(chan struct{})
		p.stop()
	}
}

// Resume ends a pause.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
		p.flow, p.stop = context.WithCancel(p.ctx)
	}
}

// Kill ends the proxy. What it has taken it still forwards. It does not wait for
// that, but Run does.
func (p *Proxy) Kill() {
	p.Resume()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	p.stop()
}

// Stats does nothing, as in the original. See Forwarded.
func (p *Proxy) Stats() {}

// Forwarded returns how many messages went from the front to the back so far,
// and how many the other way.
func (p *Proxy) Forwarded() (forward, backward uint64) {
	return p.forwarded[0].Load(), p.forwarded[1].Load()
}

// fail ends the proxy because of an error.
func (p *Proxy) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && p.ctx.Err() == nil {
		p.err = err
	}
	p.cancel()
}

// turn waits until messages flow. It reports false when they never will again.
func (p *Proxy) turn() (flow context.Context, ok bool) {
	for {
		p.mu.Lock()
		flow, paused, over := p.flow, p.paused, p.killed || p.ctx.Err() != nil
		p.mu.Unlock()
		switch {
		case over:
			return nil, false
		case paused == nil:
			return flow, true
		}
		select {
		case <-paused:
		case <-p.ctx.Done():
		}
	}
}

func (p *Proxy) forward(src, dst zmq4.Socket, count *atomic.Uint64) error {
	for {
		flow, ok := p.turn()
		if !ok {
			return nil
		}
		msg, err := receive(flow, src)
		if err != nil {
			if flow.Err() != nil {
				continue // paused, or over
			}
			return err
		}
		if sends(dst.Type()) {
			if err := p.give(dst, msg); err != nil {
				return err
			}
		}
		count.Add(1)
		if p.capture != nil {
			if err := p.give(p.capture, msg); err != nil {
				return err
			}
		}
	}
}

// give sends what was taken, however long it takes: a peer that is slow holds
// the proxy up, and loses nothing.
func (p *Proxy) give(dst zmq4.Socket, msg zmq4.Msg) error {
	if a, ok := dst.(own); ok {
		return a.give(p.ctx, msg)
	}
	return dst.Send(msg)
}

// own is a socket of this package.
type own interface {
	give(ctx context.Context, msg zmq4.Msg) error
	recv(ctx context.Context) (zmq4.Msg, error)
}

func receive(ctx context.Context, s zmq4.Socket) (zmq4.Msg, error) {
	if a, ok := s.(own); ok {
		return a.recv(ctx)
	}
	return s.Recv()
}

func receives(t zmq4.SocketType) bool { return t != zmq4.Push && t != zmq4.Pub }

func sends(t zmq4.SocketType) bool { return t != zmq4.Pull && t != zmq4.Sub }
