//go:build unix

package tcp

import (
	"os"
	"syscall"
)

func setReceiveBuffer(fd uintptr, octets int) error { return setOption(fd, syscall.SO_RCVBUF, octets) }

func setSendBuffer(fd uintptr, octets int) error { return setOption(fd, syscall.SO_SNDBUF, octets) }

func setReuseAddress(fd uintptr) error { return setOption(fd, syscall.SO_REUSEADDR, 1) }

func setOption(fd uintptr, option, value int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, option, value))
}

// portable returns err: its numbers are those of package syscall already.
func portable(err error) error { return err }
