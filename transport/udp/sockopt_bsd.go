//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package udp

import (
	"errors"
	"os"
	"syscall"
)

// setReuse lets several sockets be bound to one multicast group and port. Each gets every datagram.
func setReuse(fd uintptr) error {
	err := syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEPORT, 1)
	}
	return os.NewSyscallError("setsockopt", err)
}

func setDevice(uintptr, string) error { return errors.ErrUnsupported }

// portable returns err: its numbers are those of package syscall already.
func portable(err error) error { return err }
