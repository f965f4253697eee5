package call

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/brokerless/brokerless/socket"
)

// A Client calls the methods of servers. It has a connection to each, and
// gives each call to the one with the fewest in flight. All methods are safe
// for concurrent use; any number of calls may be in flight.
type Client struct {
	cfg     *clientConfig
	links   atomic.Pointer[[]*link] // replaced whole, under mu
	turn    atomic.Uint32           // who is first among equals
	ids     atomic.Uint64           // of the last attempt
	pending atomic.Int64            // calls under way
	wg      sync.WaitGroup          // of the links' goroutines

	done chan struct{} // closed by Close

	mu     sync.Mutex
	closed bool
	wake   chan struct{} // closed and replaced when a server can be called, and closed by Close
}

// NewClient returns a client without servers. The error, if any, matches
// socket.ErrOption.
func NewClient(opts ...ClientOption) (*Client, error) {
	cfg, err := newClientConfig(opts)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, done: make(chan struct{}), wake: make(chan struct{})}
	c.links.Store(new([]*link))
	d, err := c.dealer() // to see whether the options make sense
	if err != nil {
		return nil, err
	}
	return c, d.Close()
}

// dealer makes the socket of a link. What is queued in it when the connection
// breaks is dropped: what becomes of the calls is decided here.
func (c *Client) dealer() (*socket.Dealer, error) {
	return socket.NewDealer(socket.WithImmediate(), socket.WithOptions(c.cfg.socket...))
}

// Connect connects the client to one more server, as sockets do: it returns at
// once, and the connection is made, and made again whenever it is lost, in the
// background. An endpoint that is connected already stays as it is. Errors match
// socket.ErrEndpoint and socket.ErrClosed.
func (c *Client) Connect(endpoint string) error {
	return c.connect(endpoint, func(d *socket.Dealer) error { return d.Connect(endpoint) })
}

// ConnectFunc connects the client to one more server, which dial reaches. See
// the sockets' ConnectFunc. With it and Disconnect, discovery.Follow keeps a
// client connected to the instances of a service.
func (c *Client) ConnectFunc(name string, dial func(ctx context.Context) (net.Conn, error)) error {
	return c.connect(name, func(d *socket.Dealer) error { return d.ConnectFunc(name, dial) })
}

func (c *Client) connect(name string, start func(*socket.Dealer) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("call: client: connect %s: %w", name, socket.ErrClosed)
	}
	if c.named(name) != nil {
		return nil
	}
	d, err := c.dealer()
	if err != nil {
		return err
	}
	l := newLink(c, name, d)
	if err := start(d); err != nil {
		_ = l.close() // nothing was sent
		return err
	}
	all := append([]*link{l}, *c.links.Load()...)
	c.links.Store(&all)
	return nil
}

// named returns the link with a name, or nil. The caller holds mu.
func (c *Client) named(name string) *link {
	for _, l := range *c.links.Load() {
		if l.name == name {
			return l
		}
	}
	return nil
}

// Redial makes the connection to a server be tried at once if it is down. See
// the sockets' Redial.
func (c *Client) Redial(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.named(name)
	switch {
	case c.closed:
		return fmt.Errorf("call: client: redial %s: %w", name, socket.ErrClosed)
	case l == nil:
		return fmt.Errorf("call: client: redial %s: %w: not connected to it", name, socket.ErrEndpoint)
	}
	return l.dealer.Redial(name)
}

// Disconnect sends no more calls to a server that Connect or ConnectFunc named,
// and ends its connection when those in flight are answered, or after 5 s. It
// returns at once. Errors match socket.ErrEndpoint and socket.ErrClosed.
func (c *Client) Disconnect(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.named(name)
	switch {
	case c.closed:
		return fmt.Errorf("call: client: disconnect %s: %w", name, socket.ErrClosed)
	case l == nil:
		return fmt.Errorf("call: client: disconnect %s: %w: not connected to it", name, socket.ErrEndpoint)
	}
	var rest []*link
	for _, other := range *c.links.Load() {
		if other != l {
			rest = append(rest, other)
		}
	}
	c.links.Store(&rest)
	c.wg.Go(l.retire)
	return nil
}

// WaitServers waits until at least n servers can be called.
func (c *Client) WaitServers(ctx context.Context, n int) error {
	for {
		wake, err := c.changed()
		if err != nil {
			return err
		}
		up := 0
		for _, l := range *c.links.Load() {
			if l.up.Load() {
				up++
			}
		}
		if up >= n {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errClosed = fmt.Errorf("call: client: %w", socket.ErrClosed)

// changed returns a channel that is closed when a server can be called that
// could not before.
func (c *Client) changed() (<-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	return c.wake, nil
}

// tell wakes those who wait for a server.
func (c *Client) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		close(c.wake)
		c.wake = make(chan struct{})
	}
}

// pick returns the server with the fewest calls in flight, of those that can be
// called and that except does not name; those with as many take turns. It
// returns nil if there is none.
func (c *Client) pick(except []*link) *link {
	all := *c.links.Load()
	if len(all) == 0 {
		return nil
	}
	var best *link
	var least int64
	first := int(c.turn.Add(1)) % len(all)
next:
	for i := range all {
		l := all[(first+i)%len(all)]
		if !l.up.Load() {
			continue
		}
		for _, other := range except {
			if l == other {
				continue next
			}
		}
		if n := l.inflight.Load(); best == nil || n < least {
			best, least = l, n
		}
	}
	return best
}

// Close ends the client: calls under way fail with socket.ErrClosed, their
// servers are told by the end of the connection, and it returns when every
// goroutine of the client has ended. Again: nil.
func (c *Client) Close() error {
	c.mu.Lock()
	links := *c.links.Load()
	if !c.closed {
		c.closed = true
		close(c.done)
		close(c.wake)
		c.links.Store(new([]*link))
	}
	c.mu.Unlock()
	errs := make([]error, len(links))
	var wg sync.WaitGroup
	for i, l := range links {
		wg.Go(func() { errs[i] = l.close() })
	}
	wg.Wait()
	c.wg.Wait()
	return errors.Join(errs...)
}
