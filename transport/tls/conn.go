package tls

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/internal/carrier"
)

const (
	// record is how many octets of plain text a record of TLS has at most.
	record = 16 << 10

	// parting is how long Close tries to tell the peer.
	parting = 50 * time.Millisecond
)

// conn is a connection whose handshake may still be under way. A deadline that passes meanwhile ends the call it is for,
// and not the handshake; only Close does that.
type conn struct {
	on  *carrier.Conn
	tls *tls.Conn

	met chan struct{} // closed when the handshake is over
	err error         // why it failed; set before

	read, write carrier.Deadline // until then
	deadlines   sync.Mutex
	over        bool // the deadlines are the connection's

	writing sync.Mutex
	closed  atomic.Bool
	once    sync.Once
}

func newConn(on *carrier.Conn, over *tls.Conn) *conn {
	return &conn{on: on, tls: over, met: make(chan struct{})}
}

// handshake runs the handshake, and is called once.
func (c *conn) handshake() {
	defer close(c.met)
	if c.err = explain(c.tls.Handshake()); c.err != nil {
		return
	}
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.over = true
	c.err = c.on.SetReadLimit(c.read.At())
	if c.err == nil {
		c.err = c.on.SetWriteLimit(c.write.At())
	}
	c.read.Stop()
	c.write.Stop()
}

// await waits for the end of the handshake, but not beyond d.
func (c *conn) await(d *carrier.Deadline) error {
	select {
	case <-c.met:
	default:
		select {
		case <-c.met:
		case <-d.Past():
			return os.ErrDeadlineExceeded
		}
	}
	return c.err
}

// Read reads what the peer has sent, once the handshake is done.
func (c *conn) Read(b []byte) (int, error) {
	if err := c.await(&c.read); err != nil {
		return 0, c.fail("read", err)
	}
	n, err := c.tls.Read(b)
	return n, c.fail("read", err)
}

// Write sends b, once the handshake is done. What it returns is what the system has taken, but for the rest of a record,
// which goes first the next time.
func (c *conn) Write(b []byte) (n int, err error) {
	if err := c.await(&c.write); err != nil {
		return 0, c.fail("write", err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err = c.on.Flush()
	for err == nil && len(b) > 0 {
		var m int
		m, err = c.tls.Write(b[:min(len(b), record)])
		if n += m; err == nil {
			b = b[m:]
			_, err = c.on.Flush()
		}
	}
	return n, c.fail("write", err)
}

// CloseWrite ends our direction, once the handshake is done.
func (c *conn) CloseWrite() error {
	if err := c.await(&c.write); err != nil {
		return c.fail("close", err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.tls.CloseWrite()
	if err == nil {
		_, err = c.on.Flush()
	}
	return c.fail("close", err)
}

// Close ends the connection and waits for the end of its handshake. It tells the peer if that needs no long waiting.
func (c *conn) Close() (err error) {
	c.once.Do(func() {
		c.closed.Store(true)
		select {
		case <-c.met:
			if c.err == nil && c.writing.TryLock() {
				_ = c.on.SetWriteLimit(time.Now().Add(parting))
				_ = c.tls.CloseWrite()
				c.writing.Unlock()
			}
		default:
		}
		err = c.on.Close()
		<-c.met
		c.read.Stop()
		c.write.Stop()
	})
	return err
}

// LocalAddr returns the address of our end, as the transport below has it.
func (c *conn) LocalAddr() net.Addr { return c.on.LocalAddr() }

// RemoteAddr returns the address of the other end, as the transport below has it.
func (c *conn) RemoteAddr() net.Addr { return c.on.RemoteAddr() }

// NetConn returns the connection below, to ask the system about.
func (c *conn) NetConn() net.Conn { return c.on.Conn }

// Unread reports whether TLS is at work on what the peer has sent.
func (c *conn) Unread() bool {
	select {
	case <-c.met:
		return false
	default:
		return !c.on.Reading()
	}
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets when Read gives up.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.over {
		return c.on.SetReadLimit(t)
	}
	c.read.Set(t)
	return nil
}

// SetWriteDeadline sets when Write gives up.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.over {
		return c.on.SetWriteLimit(t)
	}
	c.write.Set(t)
	return nil
}

// PeerCertificate implements transport.Certified.
func (c *conn) PeerCertificate() (der []byte, name string) {
	select {
	case <-c.met:
	default:
		return nil, ""
	}
	s := c.tls.ConnectionState()
	if len(s.VerifiedChains) == 0 || len(s.PeerCertificates) == 0 {
		return nil, ""
	}
	return s.PeerCertificates[0].Raw, nameOf(s.PeerCertificates[0])
}

func (c *conn) fail(op string, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // as a Reader returns it
		return err
	}
	if c.closed.Load() {
		err = net.ErrClosed
	}
	return &net.OpError{Op: op, Net: scheme, Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: explain(err)}
}
