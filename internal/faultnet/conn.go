package faultnet

import (
	"math/rand/v2"
	"net"
	"time"
)

// A Conn is one end of a connection. It is safe for concurrent use.
type Conn struct {
	pair          *pair
	in, out       *stream
	local, remote Addr
	closed        bool
	forget        func()
}

// An Addr is the address of an end.
type Addr string

// Network returns "fault".
func (Addr) Network() string { return scheme }

func (a Addr) String() string { return string(a) }

// Pipe returns the two ends of a connection of no network, with the faults of
// what each of them writes.
func Pipe(seed uint64, first, second Fault) (a, b *Conn) {
	return connect(rand.New(rand.NewPCG(seed, 0)), first, second, "first", "second")
}

func connect(rnd *rand.Rand, there, back Fault, dialer, listener Addr) (a, b *Conn) {
	p := new(pair)
	p.changed.L = &p.mu
	for i, f := range []Fault{there, back} {
		p.streams[i] = stream{fault: f, rnd: rand.New(rand.NewPCG(rnd.Uint64(), rnd.Uint64()))}
	}
	a = &Conn{pair: p, out: &p.streams[0], in: &p.streams[1], local: dialer, remote: listener}
	b = &Conn{pair: p, out: &p.streams[1], in: &p.streams[0], local: listener, remote: dialer}
	return a, b
}

// Read implements [net.Conn]. After a [Reset] its error is syscall.ECONNRESET.
func (c *Conn) Read(b []byte) (int, error) { return c.pair.read(c.in, c.out, &c.closed, b) }

// Write implements [net.Conn]. The octets it has taken are exactly those it
// says, also with an error: syscall.ECONNRESET after a [Reset], syscall.EPIPE if
// the other end is closed.
func (c *Conn) Write(b []byte) (int, error) { return c.pair.write(c.out, &c.closed, b) }

// Close ends both directions. What has been written still arrives.
func (c *Conn) Close() error {
	p := c.pair
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	c.in.refused, c.in.chunks, c.in.size = true, nil, 0
	if !c.out.silenced { // or the other end would hear of it
		c.out.ended = true
	}
	c.in.reads.set(p, time.Time{})
	c.out.writes.set(p, time.Time{})
	if c.out.expiry != nil {
		c.out.expiry.Stop()
	}
	if c.forget != nil {
		c.forget()
	}
	return nil
}

// CloseWrite ends what this end writes.
func (c *Conn) CloseWrite() error {
	p := c.pair
	p.mu.Lock()
	defer p.mu.Unlock()
	if !c.out.silenced {
		c.out.ended = true
	}
	p.changed.Broadcast()
	return nil
}

// Reset makes both directions fail now.
func (c *Conn) Reset() {
	c.pair.mu.Lock()
	defer c.pair.mu.Unlock()
	c.pair.fail()
}

// Mute makes what this end writes vanish from now on, its closing too.
func (c *Conn) Mute() {
	c.pair.mu.Lock()
	defer c.pair.mu.Unlock()
	c.pair.mute(c.out)
}

// LocalAddr returns the address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements [net.Conn].
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.in.reads, t) }

// SetWriteDeadline implements [net.Conn].
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.out.writes, t) }

func (c *Conn) setDeadline(d *deadline, t time.Time) error {
	c.pair.mu.Lock()
	defer c.pair.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	d.set(c.pair, t)
	return nil
}
