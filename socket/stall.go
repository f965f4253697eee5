package socket

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// errStalled is in the chain of the reason for which a peer is given up that takes
// nothing.
var errStalled = errors.New("peer takes nothing")

// A stalling connection is one that may take nothing for so long, and no longer.
type stalling struct {
	net.Conn
	limit time.Duration
}

// Write implements io.Writer. It returns when the connection has taken all of b,
// or nothing for the limit.
func (c stalling) Write(b []byte) (int, error) {
	return c.persist(func(written int) (int64, error) {
		n, err := c.Conn.Write(b[written:])
		return int64(n), err
	})
}

// writeAll is Write of many slices, with as few system calls as the connection
// allows. It changes iov.
func (c stalling) writeAll(iov [][]byte) (int, error) {
	rest := net.Buffers(iov)
	return c.persist(func(int) (int64, error) { return rest.WriteTo(c.Conn) })
}

// persist writes until all is written, or the connection takes nothing. What it
// takes in time begins the time anew.
func (c stalling) persist(write func(written int) (int64, error)) (written int, err error) {
	for {
		if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
			return written, err
		}
		n, err := write(written)
		written += int(n)
		switch {
		case err == nil:
			return written, c.SetWriteDeadline(time.Time{}) // whoever writes at once would find it past
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return written, err
		case n == 0:
			return written, fmt.Errorf("%w for %v, as WithMaxStall allows", errStalled, c.limit)
		}
	}
}
