//go:build !unix

package udp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// bindGroup binds a socket to the port of a group. Of groups, the system gives it those that it has joined.
func (t *Transport) bindGroup(group netip.Addr, port uint16, _ *net.Interface) (*net.UDPConn, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) { failed = errors.Join(setReuse(fd), t.bindDevice(fd)) })
		return errors.Join(err, failed)
	}}
	c, err := lc.ListenPacket(context.Background(), family(group), net.JoinHostPort("", strconv.Itoa(int(port))))
	if err != nil {
		return nil, err
	}
	return c.(*net.UDPConn), nil
}
