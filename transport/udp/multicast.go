package udp

import (
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/brokerless/brokerless/transport"
)

// through returns the interface for a group: the one that stands in front of it, that its zone names, or that the
// transport is told to take; nil leaves it to the system.
func (t *Transport) through(p place, group netip.Addr) (*net.Interface, error) {
	switch {
	case p.iface != "":
		return find(p.iface)
	case group.Zone() != "":
		return find(group.Zone())
	}
	return find(t.iface)
}

// aim says how multicast datagrams leave c: by which interface, how far, and whether they come back to this host.
func (t *Transport) aim(c *net.UDPConn, group netip.Addr, ifi *net.Interface) error {
	if group.Is4() {
		return set(ipv4.NewPacketConn(c), t, ifi, (*ipv4.PacketConn).SetMulticastTTL)
	}
	return set(ipv6.NewPacketConn(c), t, ifi, (*ipv6.PacketConn).SetMulticastHopLimit)
}

// aimAnywhere is aim for a socket that is bound to no group, and may send to any (DGRAM).
func (t *Transport) aimAnywhere(c *net.UDPConn) error {
	ifi, err := find(t.iface)
	if err != nil {
		return err
	}
	local := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	if local.Is6() && local.IsUnspecified() { // IPv4 goes through it as well, but not every system lets us set that
		_ = t.aim(c, netip.IPv4Unspecified(), ifi)
	}
	return t.aim(c, local, ifi)
}

// A multicaster is what package ipv4 and ipv6 have in common.
type multicaster interface {
	SetMulticastInterface(ifi *net.Interface) error
	SetMulticastLoopback(on bool) error
}

func set[C multicaster](c C, t *Transport, ifi *net.Interface, setHops func(C, int) error) error {
	if ifi != nil {
		if err := c.SetMulticastInterface(ifi); err != nil {
			return err
		}
	}
	if err := c.SetMulticastLoopback(t.loop); err != nil {
		return err
	}
	return setHops(c, t.hops)
}

// join binds a socket to a group and its port, and joins the group.
func (t *Transport) join(p place) (transport.PacketConn, error) {
	ifi, err := t.through(p, p.ip)
	if err != nil {
		return nil, err
	}
	c, err := t.bindGroup(p.ip, p.port, ifi)
	if err != nil {
		return nil, err
	}
	if err := t.size(c); err != nil {
		c.Close()
		return nil, err
	}
	group := &net.UDPAddr{IP: p.ip.AsSlice()}
	if p.ip.Is4() {
		err = ipv4.NewPacketConn(c).JoinGroup(ifi, group)
	} else {
		err = ipv6.NewPacketConn(c).JoinGroup(ifi, group)
	}
	if err == nil {
		err = t.aim(c, p.ip, ifi) // DGRAM sends from here, too
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	resolved := netip.AddrPortFrom(p.ip, port).String()
	if p.iface != "" {
		resolved = p.iface + ";" + resolved
	}
	return &member{c, written(resolved)}, nil
}

// A member is a socket that has joined a group.
type member struct {
	*net.UDPConn
	at written
}

// LocalAddr returns the group, with the interface in front if there was one.
func (m *member) LocalAddr() net.Addr { return m.at }
