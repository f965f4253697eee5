package socket

import (
	"net"
	"syscall"
	"unsafe"
)

// unacked returns how many octets that were written to a TCP connection the
// peer's system has not yet acknowledged, and whether that can be told.
func unacked(c net.Conn) (octets int, known bool) {
	for {
		t, ok := c.(interface{ NetConn() net.Conn }) // TLS, WebSocket
		if !ok {
			break
		}
		c = t.NetConn()
	}
	t, ok := c.(*net.TCPConn)
	if !ok {
		return 0, false
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return 0, false
	}
	var n int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	})
	return int(n), err == nil && errno == 0
}
