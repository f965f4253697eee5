package inproc

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Conn is one end of a connection inside the process. It is a net.Conn whose octets go through an unbuffered pipe: a
// Write blocks until Reads at the other end have taken all of it. Two ends that know each other need no octets: they
// [Conn.Exchange] whatever they like to share and leave the pipe alone, which then is never made.
//
// All methods are safe for concurrent use. Errors other than io.EOF are *net.OpError with the name in it: net.ErrClosed
// after this end was closed, io.ErrClosedPipe for a Write after the other was, os.ErrDeadlineExceeded past a deadline.
type Conn struct {
	link   *link
	dialed bool // which of the two ends this is
	addr   Addr
	closed atomic.Bool
}

var _ net.Conn = (*Conn)(nil)

// newPair returns the dialling and the accepting end of a new connection.
func newPair(addr Addr) (near, far *Conn) {
	l := newLink()
	return &Conn{link: l, dialed: true, addr: addr}, &Conn{link: l, addr: addr}
}

// end returns this end of the pipe, which is made when one of the two first needs it.
func (c *Conn) end() net.Conn {
	near, far := c.link.pipe()
	if c.dialed {
		return near
	}
	return far
}

// Read reads what the other end writes. It blocks until there is some, and returns io.EOF once the other end is closed.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.end().Read(b)
	return n, c.explain("read", err)
}

// Write hands b to the other end and returns when all of it was read. It does not keep b.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.end().Write(b)
	return n, c.explain("write", err)
}

// Close ends the connection for both ends, and every call that blocks in it. It does not block; it returns nil, also
// when called again.
func (c *Conn) Close() error {
	c.closed.Store(true)
	c.link.close()
	return c.end().Close()
}

// Done returns a channel that is closed when either end is.
func (c *Conn) Done() <-chan struct{} { return c.link.done }

// LocalAddr returns the name the connection was made under, an [Addr].
func (c *Conn) LocalAddr() net.Addr { return c.addr }

// RemoteAddr returns the same as LocalAddr: there is one name for both ends.
func (c *Conn) RemoteAddr() net.Addr { return c.addr }

// SetDeadline sets the read and the write deadline as net.Conn says. It has no bearing on Exchange.
func (c *Conn) SetDeadline(t time.Time) error { return c.explain("set", c.end().SetDeadline(t)) }

// SetReadDeadline sets when Read gives up, as net.Conn says.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.explain("set", c.end().SetReadDeadline(t))
}

// SetWriteDeadline sets when Write gives up, as net.Conn says.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.explain("set", c.end().SetWriteDeadline(t))
}

// explain turns an error of the pipe, which knows neither its name nor net.ErrClosed, into one of this connection.
func (c *Conn) explain(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	var inner *net.OpError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	if errors.Is(err, io.ErrClosedPipe) && c.closed.Load() {
		err = net.ErrClosed
	}
	return &net.OpError{Op: op, Net: scheme, Source: c.addr, Addr: c.addr, Err: err}
}
