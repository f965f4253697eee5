package inproc

import (
	"context"
	"net"
	"slices"
	"sync"
)

// link is what the two ends of a connection share.
type link struct {
	pipe func() (near, far net.Conn) // made at the first call
	done chan struct{}               // closed when either end is

	mu     sync.Mutex
	closed bool
	offers []*offer // waiting Exchanges, all of one end: an Exchange of the other would have met the first of them
}

// offer is an Exchange that waits for the other end.
type offer struct {
	dialed bool // the end that made it
	local  any
	remote any
	met    chan struct{} // closed once remote is set
}

func newLink() *link {
	return &link{pipe: sync.OnceValues(net.Pipe), done: make(chan struct{})}
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.done)
	}
}

// Exchange hands local to the other end and returns what that end handed over. It blocks until both ends have called
// it, ctx is done, or either end is closed; then the error matches ctx.Err() or net.ErrClosed, and nothing was handed
// over: either both calls succeed or neither does. Several Exchanges are matched in the order they came.
func (c *Conn) Exchange(ctx context.Context, local any) (remote any, err error) {
	if err := ctx.Err(); err != nil {
		return nil, c.explain("exchange", err)
	}
	l := c.link
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, c.explain("exchange", net.ErrClosed)
	}
	if len(l.offers) > 0 && l.offers[0].dialed != c.dialed {
		o := l.offers[0]
		l.offers = slices.Delete(l.offers, 0, 1)
		o.remote = local
		close(o.met)
		l.mu.Unlock()
		return o.local, nil
	}
	o := &offer{dialed: c.dialed, local: local, met: make(chan struct{})}
	l.offers = append(l.offers, o)
	l.mu.Unlock()
	return c.await(ctx, o)
}

// await waits until o was met, and withdraws it if it cannot be.
func (c *Conn) await(ctx context.Context, o *offer) (any, error) {
	cause := net.ErrClosed
	select {
	case <-o.met:
		return o.remote, nil
	case <-c.link.done:
	case <-ctx.Done():
		cause = ctx.Err()
	}
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	i := slices.Index(c.link.offers, o)
	if i < 0 { // met in the same moment, so the other end has ours already
		return o.remote, nil
	}
	c.link.offers = slices.Delete(c.link.offers, i, i+1)
	return nil, c.explain("exchange", cause)
}
