//go:build unix

package socket

import (
	"net"
	"syscall"
)

// newReadAttempt returns nil if the connection cannot be read at once.
func newReadAttempt(raw syscall.RawConn) *attempt {
	if raw == nil {
		return nil
	}
	a := &attempt{raw: raw}
	a.call = func(fd uintptr) bool {
		for {
			a.n, a.err = syscall.Read(int(fd), a.b)
			if a.err != syscall.EINTR { //nolint:errorlint // a system call returns nothing else
				return !a.waits || a.err != syscall.EAGAIN //nolint:errorlint // as above
			}
		}
	}
	return a
}

// newWriteAttempt returns nil if the connection cannot be written at once.
func newWriteAttempt(raw syscall.RawConn) *attempt {
	if raw == nil {
		return nil
	}
	a := &attempt{raw: raw}
	a.call = func(fd uintptr) bool {
		a.n, a.err = syscall.Write(int(fd), a.b)
		return true
	}
	return a
}

// unread reports whether octets of the peer have come that nobody has read yet,
// as far as the system tells.
func unread(c net.Conn) bool {
	for {
		t, ok := c.(interface { // TLS, WebSocket
			NetConn() net.Conn
			Unread() bool
		})
		if !ok {
			break
		}
		if t.Unread() {
			return true
		}
		c = t.NetConn()
	}
	raw := rawConn(c)
	if raw == nil {
		return false
	}
	var n int
	err := raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, _ = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	})
	return err == nil && n > 0
}
