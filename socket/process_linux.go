package socket

import (
	"net"
	"syscall"
)

// processOf returns the process at the other end of a connection by the file
// system, or nil if that cannot be told (SO_PEERCRED).
func processOf(c net.Conn) *Process {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return nil
	}
	var peer *syscall.Ucred
	if raw.Control(func(fd uintptr) {
		peer, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}) != nil || err != nil {
		return nil
	}
	return &Process{PID: int(peer.Pid), UID: int(peer.Uid), GID: int(peer.Gid)}
}
