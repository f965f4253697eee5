// Package udp carries datagrams over UDP, for endpoints udp://host:port of RADIO, DISH and DGRAM sockets.
//
// Addresses are those of ZeroMQ (EP-40). To listen: an IP address, an interface name or * (every address of the host),
// or a multicast group, of 224.0.0.0/4 or ff00::/8, which is joined; and a port number, or 0 or * for any free one. To
// send: an IP address, a host name or a multicast group, and a port number. In front of a group may stand the interface
// it is joined on, or datagrams leave by, as a name or an address: eth0;239.1.2.3:5555. IPv6 addresses stand in brackets.
//
// Datagrams go in the clear, and whoever reaches an address can send to it, under any source address.
package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"

	"github.com/brokerless/brokerless/transport"
)

const scheme = "udp"

// Transport sends and receives over UDP. It is immutable and safe for concurrent use.
type Transport struct {
	hops          int
	loop          bool
	iface         string
	device        string
	receiveBuffer int
	sendBuffer    int
}

var (
	_ transport.PacketTransport = (*Transport)(nil)
	_ transport.Checker         = (*Transport)(nil)
)

// New returns a Transport. Without options it is ready for use: see each option for its default.
func New(opts ...Option) *Transport {
	t := &Transport{hops: 1, loop: true}
	for _, opt := range opts {
		opt(t)
	}
	return t
}

// Scheme returns "udp".
func (t *Transport) Scheme() string { return scheme }

// CheckDial returns an [*transport.EndpointError] when address is not [iface;]host:port as DialPacket wants it.
func (t *Transport) CheckDial(address string) error {
	_, err := parseDial(address)
	return err
}

// CheckListen returns an [*transport.EndpointError] when address is not one that ListenPacket can bind. Whether an
// interface of that name exists only ListenPacket can tell.
func (t *Transport) CheckListen(address string) error {
	_, err := parseListen(address)
	return err
}

// DialPacket returns a socket of a free port, and where datagrams for address go. A host name is looked up, which
// blocks until it is done or ctx is; of its addresses the first IPv4 one is taken, or the first IPv6 one where there is
// none. With an interface in front, a datagram for a
// group leaves by it, and another one comes from an address of it. The unspecified addresses stand for this host.
func (t *Transport) DialPacket(ctx context.Context, address string) (transport.PacketConn, netip.AddrPort, error) {
	p, err := parseDial(address)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	c, to, err := t.dial(ctx, p)
	if err != nil {
		return nil, netip.AddrPort{}, &net.OpError{Op: "dial", Net: scheme, Addr: written(address), Err: portable(err)}
	}
	return c, to, nil
}

func (t *Transport) dial(ctx context.Context, p place) (transport.PacketConn, netip.AddrPort, error) {
	if err := t.check(ctx); err != nil {
		return nil, netip.AddrPort{}, err
	}
	ip := p.ip
	if !ip.IsValid() {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", p.host)
		if err != nil {
			return nil, netip.AddrPort{}, err
		}
		ip = found[0].Unmap()
		if i := slices.IndexFunc(found, func(ip netip.Addr) bool { return ip.Unmap().Is4() }); i >= 0 {
			ip = found[i].Unmap()
		}
	}
	switch {
	case ip == netip.IPv4Unspecified():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case ip == netip.IPv6Unspecified():
		ip = netip.IPv6Loopback()
	}
	local := netip.AddrPort{}
	var ifi *net.Interface
	var err error
	if ip.IsMulticast() {
		ifi, err = t.through(p, ip)
	} else if p.iface != "" {
		if ifi, err = find(p.iface); err == nil && ifi != nil {
			var from netip.Addr
			from, err = address(ifi, ip.Is4(), ip.Is6())
			local = netip.AddrPortFrom(from, 0)
		}
	}
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	c, err := t.open(ctx, family(ip), local)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	if ip.IsMulticast() {
		if ip.Is6() && ifi != nil {
			ip = ip.WithZone(ifi.Name)
		}
		if err := t.aim(c, ip, ifi); err != nil {
			c.Close()
			return nil, netip.AddrPort{}, err
		}
	}
	return c, netip.AddrPortFrom(ip, p.port), nil
}

// ListenPacket binds address; a multicast group it joins, on the interface in front of it. Several sockets may be bound
// to one group and port, and each gets all that is sent there; for other addresses a port in use gives
// syscall.EADDRINUSE. Names are not looked up: a host that is neither an IP address nor * must be an interface of this
// machine, else the error matches syscall.ENODEV.
func (t *Transport) ListenPacket(ctx context.Context, address string) (transport.PacketConn, error) {
	p, err := parseListen(address)
	if err != nil {
		return nil, err
	}
	c, err := t.listen(ctx, p)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: scheme, Addr: written(address), Err: portable(err)}
	}
	return c, nil
}

func (t *Transport) listen(ctx context.Context, p place) (transport.PacketConn, error) {
	if err := t.check(ctx); err != nil {
		return nil, err
	}
	if p.multicast() {
		return t.join(p)
	}
	network, ip := scheme, p.ip
	if !p.wildcard() {
		if !ip.IsValid() {
			ifi, err := find(p.host)
			if err != nil {
				return nil, err
			}
			if ip, err = address(ifi, true, true); err != nil {
				return nil, err
			}
		}
		network = family(ip)
	}
	c, err := t.open(ctx, network, netip.AddrPortFrom(ip, p.port))
	if err != nil {
		return nil, err
	}
	if err := t.aimAnywhere(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// open binds a socket to an address, or to all of them if it has none.
func (t *Transport) open(ctx context.Context, network string, at netip.AddrPort) (*net.UDPConn, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) { failed = t.bindDevice(fd) })
		return errors.Join(err, failed)
	}}
	host := ""
	if at.Addr().IsValid() {
		host = at.Addr().String()
	}
	l, err := lc.ListenPacket(ctx, network, net.JoinHostPort(host, strconv.Itoa(int(at.Port()))))
	if err != nil {
		return nil, err
	}
	c := l.(*net.UDPConn)
	if err := t.size(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// size gives a socket its buffers.
func (t *Transport) size(c *net.UDPConn) error {
	var in, out error
	if t.receiveBuffer > 0 {
		in = c.SetReadBuffer(t.receiveBuffer)
	}
	if t.sendBuffer > 0 {
		out = c.SetWriteBuffer(t.sendBuffer)
	}
	return errors.Join(in, out)
}

// bindDevice keeps a socket to one interface, if there is one to keep to.
func (t *Transport) bindDevice(fd uintptr) error {
	if t.device == "" {
		return nil
	}
	return setDevice(fd, t.device)
}

// check looks at the options before a socket is made.
func (t *Transport) check(ctx context.Context) error {
	if t.hops < 0 || t.hops > 255 {
		return fmt.Errorf("WithMulticastHops(%d): want 0 to 255", t.hops)
	}
	return ctx.Err()
}

// family returns the network of package net for an address.
func family(ip netip.Addr) string {
	if ip.Is4() {
		return "udp4"
	}
	return "udp6"
}

// written is an address as the caller wrote it, for errors that come before there is a resolved one.
type written string

func (written) Network() string  { return scheme }
func (w written) String() string { return string(w) }
