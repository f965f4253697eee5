package faultnet

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
)

// A Relay passes on what comes to a TCP port to another one, and back. Each of
// its connections is reset, both sides of it, after so many octets as were drawn
// for it: real resets of real sockets.
type Relay struct {
	target string
	l      net.Listener
	least  int64
	most   int64
	struck atomic.Int64
	wg     sync.WaitGroup

	mu     sync.Mutex
	rnd    *rand.Rand
	closed bool
	conns  map[*net.TCPConn]struct{}
}

// NewRelay returns a relay to a TCP address. Each of its connections carries at
// least so many octets in each direction, and then up to so many, before that
// direction resets it. Close it.
func NewRelay(seed uint64, target string, least, most int64) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{
		target: target, l: l, least: least, most: most,
		rnd: rand.New(rand.NewPCG(seed, 0)), conns: make(map[*net.TCPConn]struct{}),
	}
	r.wg.Go(r.accept)
	return r, nil
}

// Addr returns the address that clients dial.
func (r *Relay) Addr() string { return r.l.Addr().String() }

// Struck returns how many connections have been reset.
func (r *Relay) Struck() int { return int(r.struck.Load()) }

// Close resets all connections, and waits for the goroutines.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	for c := range r.conns {
		reset(c)
	}
	r.mu.Unlock()
	err := r.l.Close()
	r.wg.Wait()
	return err
}

func (r *Relay) accept() {
	for {
		client, err := r.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			r.wg.Go(func() { r.serve(client.(*net.TCPConn)) })
		}
	}
}

// serve carries one connection to its end.
func (r *Relay) serve(client *net.TCPConn) {
	defer func() { _ = client.Close() }()
	if !r.enter(client) {
		return
	}
	defer r.leave(client)
	c, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	server := c.(*net.TCPConn)
	defer func() { _ = server.Close() }()
	if !r.enter(server) {
		return
	}
	defer r.leave(server)
	r.mu.Lock()
	there, back := r.least+r.rnd.Int64N(r.most), r.least+r.rnd.Int64N(r.most)
	r.mu.Unlock()
	var once sync.Once
	carry := func(to, from *net.TCPConn, octets int64) {
		n, err := io.CopyN(struct{ io.Writer }{to}, from, octets) // spliced, pipes of the runtime would stay open
		if errors.Is(err, io.EOF) && to.CloseWrite() == nil {
			return // in good order
		}
		once.Do(func() {
			if n == octets {
				r.struck.Add(1)
			}
			reset(to)
			reset(from)
		})
	}
	var both sync.WaitGroup
	both.Go(func() { carry(server, client, there) })
	both.Go(func() { carry(client, server, back) })
	both.Wait()
}

func (r *Relay) enter(c *net.TCPConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.conns[c] = struct{}{}
	return true
}

func (r *Relay) leave(c *net.TCPConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// reset ends a connection with RST.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
