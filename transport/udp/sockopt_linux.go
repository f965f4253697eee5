package udp

import (
	"os"
	"syscall"
)

// setReuse lets several sockets be bound to one multicast group and port. Each gets every datagram.
func setReuse(fd uintptr) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
}

func setDevice(fd uintptr, name string) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, name))
}

// portable returns err: its numbers are those of package syscall already.
func portable(err error) error { return err }
