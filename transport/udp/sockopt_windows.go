package udp

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Winsock's numbers, which differ from those that package syscall invents for the portable names.
const (
	wsaAddressInUse        = syscall.Errno(10048) // WSAEADDRINUSE
	wsaAddressNotAvailable = syscall.Errno(10049) // WSAEADDRNOTAVAIL
)

// setReuse lets several sockets be bound to one multicast group and port. Each gets every datagram.
func setReuse(fd uintptr) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
}

func setDevice(uintptr, string) error { return errors.ErrUnsupported }

// portable makes err match syscall.EADDRINUSE or syscall.EADDRNOTAVAIL too where it holds Winsock's number for it.
func portable(err error) error {
	switch {
	case errors.Is(err, wsaAddressInUse):
		return fmt.Errorf("%w (%w)", err, syscall.EADDRINUSE)
	case errors.Is(err, wsaAddressNotAvailable):
		return fmt.Errorf("%w (%w)", err, syscall.EADDRNOTAVAIL)
	}
	return err
}
