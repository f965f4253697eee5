package socket

import (
	"net"
	"syscall"
)

// An attempt does to a connection what the system can do without waiting. It
// saves waking another goroutine for it. It is not safe for concurrent use, but
// one to read and one to write may be used beside each other.
type attempt struct {
	raw  syscall.RawConn
	call func(fd uintptr) bool // made once, so that an attempt allocates nothing
	b    []byte
	n    int
	err  error
}

// rawConn returns the way to the descriptor of a connection, or nil if it has
// none, or what is written to it is not what the descriptor gets, as with TLS.
func rawConn(c net.Conn) syscall.RawConn {
	var raw syscall.RawConn
	var err error
	switch c := c.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	}
	if err != nil {
		return nil
	}
	return raw
}

// read reads what has come, at most len(b) octets. It returns 0 if nothing
// has, and also if the connection has ended: a read that waits will tell.
func (a *attempt) read(b []byte) int { return a.do(a.raw.Read, b) }

// write writes as much of b as the system takes, and returns how much that
// was. A connection that has ended takes nothing: a write that waits will tell.
func (a *attempt) write(b []byte) int { return a.do(a.raw.Write, b) }

func (a *attempt) do(how func(func(uintptr) bool) error, b []byte) int {
	a.b, a.n = b, 0
	err := how(a.call)
	a.b = nil
	if err != nil || a.err != nil {
		return 0
	}
	return max(a.n, 0)
}
