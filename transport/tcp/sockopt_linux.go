package tcp

import (
	"os"
	"syscall"
)

// What package syscall does not name.
const (
	tcpUserTimeout = 18 // TCP_USER_TIMEOUT
	soBusyPoll     = 46 // SO_BUSY_POLL
)

func setUserTimeout(fd uintptr, milliseconds int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, milliseconds))
}

func setPriority(fd uintptr, n int) error { return setOption(fd, syscall.SO_PRIORITY, n) }

func setDevice(fd uintptr, name string) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, name))
}

func setBusyPoll(fd uintptr, microseconds int) error { return setOption(fd, soBusyPoll, microseconds) }
