package carrier

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a connection for a protocol to be written to. A Write takes all it is
// given: what the connection below does not take before the deadline is kept,
// so that no frame and no record of the protocol is cut off in the middle, and
// goes first the next time. Who sets the deadline asks with Flush whether
// something was kept. Writes and Flush are safe for concurrent use, and the
// order of the Writes is the order on the connection.
//
// The deadlines that the protocol sets itself have no effect; those of its user
// are SetReadLimit and SetWriteLimit.
type Conn struct {
	net.Conn
	reading atomic.Bool

	mu     sync.Mutex
	kept   []byte
	corked bool
}

// New returns a Conn that stands on c and owns it.
func New(c net.Conn) *Conn { return &Conn{Conn: c} }

// Read reads from the connection below.
func (c *Conn) Read(b []byte) (int, error) {
	c.reading.Store(true)
	n, err := c.Conn.Read(b)
	c.reading.Store(false)
	return n, err
}

// Reading reports whether somebody waits in Read.
func (c *Conn) Reading() bool { return c.reading.Load() }

// Write takes b. It fails only if the connection below does so for another
// reason than its deadline. While corked, b is only kept.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.corked || len(c.kept) > 0 {
		c.kept = append(c.kept, b...)
		if c.corked {
			return len(b), nil
		}
		_, err := c.flush()
		return len(b), unlessLate(err)
	}
	n, err := c.Conn.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.kept = append(c.kept, b[n:]...)
		return len(b), nil
	}
	return n, err
}

func unlessLate(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// Cork has Writes kept until the next Flush, which gives them to the connection
// below with one call.
func (c *Conn) Cork() {
	c.mu.Lock()
	c.corked = true
	c.mu.Unlock()
}

// Kept returns how many octets the next Flush has to write.
func (c *Conn) Kept() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.kept)
}

// Flush writes what was kept, and ends a Cork. It returns how much the
// connection took, and its error: os.ErrDeadlineExceeded if it did not take all in
// time, and then the rest is still kept.
func (c *Conn) Flush() (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.flush()
}

func (c *Conn) flush() (int, error) {
	if len(c.kept) == 0 {
		return 0, nil
	}
	n, err := c.Conn.Write(c.kept)
	if err == nil {
		c.kept = c.kept[:0]
		if cap(c.kept) > maxKept {
			c.kept = nil
		}
		return n, nil
	}
	c.kept = c.kept[:copy(c.kept, c.kept[n:])]
	return n, err
}

// maxKept is the largest buffer that is held on to when it is empty.
const maxKept = 256 << 10

// SetDeadline does nothing.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// SetReadLimit sets the read deadline of the connection below.
func (c *Conn) SetReadLimit(t time.Time) error { return c.Conn.SetReadDeadline(t) }

// SetWriteLimit sets the write deadline of the connection below.
func (c *Conn) SetWriteLimit(t time.Time) error { return c.Conn.SetWriteDeadline(t) }
