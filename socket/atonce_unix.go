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
