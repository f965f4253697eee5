//go:build unix

package udp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// bindGroup binds a socket to the address of a group, so that it gets nothing that comes to the port for another. Package
// net would bind all addresses in its place.
func (t *Transport) bindGroup(group netip.Addr, port uint16, ifi *net.Interface) (*net.UDPConn, error) {
	var at syscall.Sockaddr
	domain := syscall.AF_INET
	if group.Is4() {
		at = &syscall.SockaddrInet4{Port: int(port), Addr: group.As4()}
	} else {
		domain = syscall.AF_INET6
		six := &syscall.SockaddrInet6{Port: int(port), Addr: group.As16()}
		if ifi != nil {
			six.ZoneId = uint32(ifi.Index)
		}
		at = six
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(domain, syscall.SOCK_DGRAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), "udp")
	defer func() { _ = f.Close() }() // the connection has a copy
	if err := errors.Join(setReuse(uintptr(fd)), t.bindDevice(uintptr(fd))); err != nil {
		return nil, err
	}
	if err := syscall.Bind(fd, at); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}
