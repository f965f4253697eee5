//go:build unix

package socket

import "syscall"

// newReadAttempt returns nil if the connection cannot be read at once.
func newReadAttempt(raw syscall.RawConn) *attempt {
	if raw == nil {
		return nil
	}
	a := &attempt{raw: raw}
	a.call = func(fd uintptr) bool {
		a.n, a.err = syscall.Read(int(fd), a.b)
		return true
	}
	return a
}
