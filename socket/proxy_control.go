package socket

import (
	"context"
	"fmt"
	"sync"
)

// A ProxyControl steers one [Proxy], to which [WithSteering] gives it. The zero
// value is ready to use, before the proxy runs, while it does, and after.
// Its methods do not wait, and are safe for concurrent use. It must not be
// copied.
type ProxyControl struct {
	mu         sync.Mutex
	terminated bool
	resumed    chan struct{} // closed by Resume; nil while messages flow
	p          *proxy        // that it steers; nil before it runs, as are the next four
	ctx        context.Context
	end        context.CancelCauseFunc
	flow       context.Context // of what waits for a message: done in a pause
	stop       context.CancelFunc
}

// Pause has the proxy take no more messages: they stay in the sockets, whose
// high-water marks hold (PR-08). A message that it is taking at this moment, one
// each way at most, is still forwarded.
func (c *ProxyControl) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed != nil {
		return
	}
	c.resumed = make(chan struct{})
	if c.stop != nil {
		c.stop()
	}
}

// Resume ends a pause.
func (c *ProxyControl) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed == nil {
		return
	}
	close(c.resumed)
	c.resumed = nil
	c.renew()
}

// Terminate ends the proxy, which returns nil; one that has not begun does so at
// once when it does. What is queued stays in the sockets.
func (c *ProxyControl) Terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.terminated = true
	if c.end != nil {
		c.end(errTerminated)
	}
}

// Statistics returns what has gone through the proxy so far.
func (c *ProxyControl) Statistics() ProxyStats {
	c.mu.Lock()
	p := c.p
	c.mu.Unlock()
	var st ProxyStats
	if p == nil {
		return st
	}
	ends := [2]*ProxyFlow{&st.Front, &st.Back}
	for i, w := range p.lanes {
		if w == nil {
			continue
		}
		n := &w.count
		in, out := ends[i], ends[1-i]
		out.Sent += n.sent.Load()
		out.SentBytes += n.sentBytes.Load()
		refused := n.refused.Load()
		in.Received += n.sent.Load() + refused
		in.ReceivedBytes += n.sentBytes.Load() + n.refusedBytes.Load()
		st.Refused += refused
		st.Uncaptured += n.uncaptured.Load()
	}
	return st
}

// ProxyStats is what has gone through a proxy. If both ends are one socket, what
// it received is in Front and what it sent in Back.
type ProxyStats struct {
	Front, Back ProxyFlow
	Refused     uint64 // of those received, messages that the other end did not send
	Uncaptured  uint64 // messages of which the capture socket got no copy
}

// ProxyFlow is what one end of a proxy has received and sent, in whole messages
// and in the octets of their frames. A message in the proxy's hand is not
// counted yet.
type ProxyFlow struct {
	Received, ReceivedBytes uint64
	Sent, SentBytes         uint64
}

// begin is told that a proxy starts, which ends when end is called.
func (c *ProxyControl) begin(ctx context.Context, end context.CancelCauseFunc, p *proxy) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.p != nil {
		return fmt.Errorf("%w: WithSteering: the ProxyControl has steered another proxy", ErrOption)
	}
	c.p, c.ctx, c.end = p, ctx, end
	if c.terminated {
		end(errTerminated)
	}
	c.renew()
	return nil
}

// renew lets messages flow, unless they are not to. The caller holds mu.
func (c *ProxyControl) renew() {
	if c.ctx != nil && c.resumed == nil {
		c.flow, c.stop = context.WithCancel(c.ctx)
	}
}

// flowing waits until messages flow, and returns the context that ends with
// that; or until ctx is done, and returns its error.
func (c *ProxyControl) flowing(ctx context.Context) (context.Context, error) {
	for {
		c.mu.Lock()
		flow, resumed := c.flow, c.resumed
		c.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if resumed == nil {
			return flow, nil
		}
		select {
		case <-resumed:
		case <-ctx.Done():
		}
	}
}
