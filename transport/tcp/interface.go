package tcp

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// local resolves h as an address of this machine: an IP address, *, or the name of an interface, of which prefer6
// chooses the IPv6 side where it has one. Host names are not looked up (EP-02, EP-04).
func (h hostPort) local(prefer6 bool) (netip.AddrPort, error) {
	switch {
	case h.ip.IsValid():
		return netip.AddrPortFrom(h.ip, h.port), nil
	case h.wildcard():
		return netip.AddrPortFrom(netip.IPv4Unspecified(), h.port), nil // package net takes it for either family
	}
	ifi, err := net.InterfaceByName(h.host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is neither an IP address nor an interface: %w (%w)", h.host, syscall.ENODEV, err)
	}
	addrs, err := ifi.Addrs()
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("interface %q: %w", h.host, err)
	}
	ip := choose(addrs, ifi.Name, prefer6)
	if !ip.IsValid() {
		return netip.AddrPort{}, fmt.Errorf("interface %q has no IP address: %w", h.host, syscall.EADDRNOTAVAIL)
	}
	return netip.AddrPortFrom(ip, h.port), nil
}

// choose picks one of an interface's addresses: the first of the preferred family, else the first of the other. Among
// IPv6 addresses a link-local one, which means nothing without its zone, comes last.
func choose(addrs []net.Addr, zone string, prefer6 bool) netip.Addr {
	var v4, v6, linkLocal netip.Addr
	for _, addr := range addrs {
		prefix, ok := addr.(*net.IPNet)
		if !ok {
			continue
		}
		ip, _ := netip.AddrFromSlice(prefix.IP)
		ip = ip.Unmap()
		switch {
		case ip.Is4() && !v4.IsValid():
			v4 = ip
		case ip.Is6() && ip.IsLinkLocalUnicast() && !linkLocal.IsValid():
			linkLocal = ip.WithZone(zone)
		case ip.Is6() && !ip.IsLinkLocalUnicast() && !v6.IsValid():
			v6 = ip
		}
	}
	order := []netip.Addr{v4, v6, linkLocal}
	if prefer6 {
		order = []netip.Addr{v6, linkLocal, v4}
	}
	for _, ip := range order {
		if ip.IsValid() {
			return ip
		}
	}
	return netip.Addr{}
}
