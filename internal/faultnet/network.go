package faultnet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
)

const scheme = "fault"

// A Network is a transport within the process for the scheme "fault", to be
// given to sockets with WithTransport. Addresses are any words. It is safe for
// concurrent use.
type Network struct {
	seed   uint64
	plan   Plan
	struck atomic.Int64

	mu        sync.Mutex
	listeners map[string]*listener
	dialed    int

	open  sync.Mutex      // may be taken while mu or a pair's lock is held
	conns map[*pair]*Conn // the ends that dialed
}

// New returns a network. The plan says what happens to each connection; nil is
// nothing.
func New(seed uint64, plan Plan) *Network {
	return &Network{seed: seed, plan: plan, listeners: make(map[string]*listener), conns: make(map[*pair]*Conn)}
}

// Scheme implements transport.Transport.
func (*Network) Scheme() string { return scheme }

// Struck returns how many connections have met their [Ending].
func (n *Network) Struck() int { return int(n.struck.Load()) }

// Dialed returns how many connections there have been.
func (n *Network) Dialed() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed
}

// Each calls f with the end that dialed of each connection whose ends are both
// open, in no order.
func (n *Network) Each(f func(c *Conn)) {
	n.open.Lock()
	conns := slices.Collect(maps.Values(n.conns))
	n.open.Unlock()
	for _, c := range conns {
		f(c)
	}
}

// Dial implements transport.Transport. It does not wait: nobody at the address
// is syscall.ECONNREFUSED.
func (n *Network) Dial(ctx context.Context, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("faultnet: dial %s: %w", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[address]
	if l == nil {
		return nil, fmt.Errorf("faultnet: dial %s: %w", address, syscall.ECONNREFUSED)
	}
	rnd := rand.New(rand.NewPCG(n.seed, uint64(n.dialed)))
	var there, back Fault
	if n.plan != nil {
		there, back = n.plan(n.dialed, rnd)
	}
	near, far := connect(rnd, there, back, Addr(fmt.Sprintf("%s#%d", address, n.dialed)), Addr(address))
	near.pair.struck = func() { n.struck.Add(1) }
	forget := func() {
		n.open.Lock()
		delete(n.conns, near.pair)
		n.open.Unlock()
	}
	near.forget, far.forget = forget, forget
	select {
	case l.queue <- far:
	default:
		return nil, fmt.Errorf("faultnet: dial %s: %d wait to be accepted: %w", address, cap(l.queue), syscall.ECONNREFUSED)
	}
	n.dialed++
	n.open.Lock()
	n.conns[near.pair] = near
	n.open.Unlock()
	return near, nil
}

// Listen implements transport.Transport. A taken address is syscall.EADDRINUSE.
func (n *Network) Listen(ctx context.Context, address string) (net.Listener, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("faultnet: listen on %s: %w", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[address] != nil {
		return nil, fmt.Errorf("faultnet: listen on %s: %w", address, syscall.EADDRINUSE)
	}
	l := &listener{network: n, address: address, queue: make(chan *Conn, 1024), closed: make(chan struct{})}
	n.listeners[address] = l
	return l, nil
}

type listener struct {
	network *Network
	address string
	queue   chan *Conn
	closed  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Addr() net.Addr { return Addr(l.address) }

// Close refuses those that wait to be accepted.
func (l *listener) Close() error {
	l.network.mu.Lock()
	if l.network.listeners[l.address] != l {
		l.network.mu.Unlock()
		return net.ErrClosed
	}
	delete(l.network.listeners, l.address)
	close(l.closed)
	l.network.mu.Unlock()
	var err error
	for {
		select {
		case c := <-l.queue:
			c.Reset()
			err = errors.Join(err, c.Close())
		default:
			return err
		}
	}
}
