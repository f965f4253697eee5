//go:build unix

package tcp

import (
	"os"
	"syscall"
)

func setReceiveBuffer(fd uintptr, octets int) error { return setOption(fd, syscall.SO_RCVBUF, octets) }

func setSendBuffer(fd uintptr, octets int) error { return setOption(fd, syscall.SO_SNDBUF, octets) }

func setReuseAddress(fd uintptr) error { return setOption(fd, syscall.SO_REUSEADDR, 1) }

// setTrafficClass marks IPv4 packets too where an IPv6 socket carries them, as far as the system lets it.
func setTrafficClass(fd uintptr, v6 bool, octet int) error {
	if !v6 {
		return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, octet))
	}
	_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_TOS, octet)
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS, octet))
}

// setBacklog listens once more, which changes the backlog and nothing else.
func setBacklog(fd uintptr, connections int) error {
	return os.NewSyscallError("listen", syscall.Listen(int(fd), connections))
}

func setOption(fd uintptr, option, value int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, option, value))
}

// portable returns err: its numbers are those of package syscall already.
func portable(err error) error { return err }
