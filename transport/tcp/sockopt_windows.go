package tcp

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
	wsaConnectionRefused   = syscall.Errno(10061) // WSAECONNREFUSED
)

func setReceiveBuffer(fd uintptr, octets int) error { return setOption(fd, syscall.SO_RCVBUF, octets) }

func setSendBuffer(fd uintptr, octets int) error { return setOption(fd, syscall.SO_SNDBUF, octets) }

// setReuseAddress does nothing: on Windows SO_REUSEADDR would let two sockets share one port.
func setReuseAddress(uintptr) error { return nil }

func setTrafficClass(uintptr, bool, int) error { return errors.ErrUnsupported }

func setBacklog(uintptr, int) error { return errors.ErrUnsupported }

func setOption(fd uintptr, option, value int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, option, value))
}

// portable makes err match syscall.EADDRINUSE, syscall.EADDRNOTAVAIL or syscall.ECONNREFUSED too where it holds
// Winsock's number for it.
func portable(err error) error {
	switch {
	case errors.Is(err, wsaAddressInUse):
		return fmt.Errorf("%w (%w)", err, syscall.EADDRINUSE)
	case errors.Is(err, wsaAddressNotAvailable):
		return fmt.Errorf("%w (%w)", err, syscall.EADDRNOTAVAIL)
	case errors.Is(err, wsaConnectionRefused):
		return fmt.Errorf("%w (%w)", err, syscall.ECONNREFUSED)
	default:
		return err
	}
}
