package udp

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// find returns the interface that is named, or that has the address. For "" and "*" it returns nil: the choice is the
// system's.
func find(name string) (*net.Interface, error) {
	if name == "" || name == "*" {
		return nil, nil //nolint:nilnil // package net takes nil for the system's choice, too
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		ifi, err := net.InterfaceByName(name)
		if err != nil {
			return nil, fmt.Errorf("%q is no interface: %w (%w)", name, syscall.ENODEV, err)
		}
		return ifi, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for i := range all {
		addrs, err := all[i].Addrs()
		if err != nil {
			continue // it has gone meanwhile
		}
		for _, a := range addrs {
			if has(a, ip) {
				return &all[i], nil
			}
		}
	}
	return nil, fmt.Errorf("no interface has the address %v: %w", ip, syscall.EADDRNOTAVAIL)
}

func has(a net.Addr, ip netip.Addr) bool {
	prefix, ok := a.(*net.IPNet)
	if !ok {
		return false
	}
	own, _ := netip.AddrFromSlice(prefix.IP)
	return own.Unmap() == ip.Unmap().WithZone("")
}

// address returns an address of the interface: the first of the family that is wanted or, if wants6 does not say, the
// first IPv4 one, else the first IPv6 one.
func address(ifi *net.Interface, want4, want6 bool) (netip.Addr, error) {
	addrs, err := ifi.Addrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("interface %q: %w", ifi.Name, err)
	}
	var found netip.Addr
	for _, a := range addrs {
		prefix, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, _ := netip.AddrFromSlice(prefix.IP)
		ip = ip.Unmap()
		if ip.IsLinkLocalUnicast() && ip.Is6() {
			ip = ip.WithZone(ifi.Name)
		}
		switch {
		case ip.Is4() && want4:
			return ip, nil
		case ip.Is6() && want6 && !found.IsValid():
			found = ip
		}
	}
	if !found.IsValid() {
		return found, fmt.Errorf("interface %q has no such address: %w", ifi.Name, syscall.EADDRNOTAVAIL)
	}
	return found, nil
}
