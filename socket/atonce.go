package socket

import (
	"net"
	"syscall"
)

// An attempt does to a connection what the system can do without waiting. It
// saves waking another goroutine for it. It is not safe for concurrent use, but
// one to read and one to write may be used beside each other.
type attempt struct {
	raw   syscall.RawConn
	call  func(fd uintptr) bool // made once, so that an attempt allocates nothing
	waits bool                  // it is no attempt: it waits until something can be done
	b     []byte
	n     int
	err   error
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
func (a *attempt) read(b []byte) (n int, err error) { return a.try(a.raw.Read, b) }

// wait is read that waits until something has come. It returns 0 if nothing
// will, and the error if there is one.
func (a *attempt) wait(b []byte) (n int, err error) {
	a.waits = true
	n, err = a.try(a.raw.Read, b)
	a.waits = false
	return n, err
}

// What an attempt can do in the form of a reader.
type (
	readerAtOnce    struct{ *attempt }
	readerThatWaits struct{ *attempt }
)

func (r readerAtOnce) Read(b []byte) (int, error)    { return r.read(b) }
func (r readerThatWaits) Read(b []byte) (int, error) { return r.wait(b) }

// write writes as much of b as the system takes, and returns how much that
// was. A connection that has ended takes nothing: a write that waits will tell.
func (a *attempt) write(b []byte) int {
	n, _ := a.try(a.raw.Write, b)
	return n
}

func (a *attempt) try(how func(func(uintptr) bool) error, b []byte) (int, error) {
	a.b, a.n, a.err = b, 0, nil
	err := how(a.call)
	a.b = nil
	if err == nil {
		err = a.err
	}
	if err != nil {
		return 0, err
	}
	return a.n, nil
}
