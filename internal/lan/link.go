package lan

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// A Link is an interface of this host together with the addresses that the
// host has on it.
type Link struct {
	net.Interface
	// Prefixes holds each address that may be announced, with the length of its
	// subnet: 192.0.2.7/24 and not 192.0.2.0/24. IPv4 comes first. Link-local IPv6
	// addresses are left out, as they mean nothing without the zone of the reader.
	Prefixes []netip.Prefix
}

// HasIPv4 reports whether the host has an IPv4 address on the link.
func (l *Link) HasIPv4() bool { return len(l.Prefixes) > 0 && l.Prefixes[0].Addr().Is4() }

// Contains reports whether the address is on the subnet of one of the link's
// addresses. Link-local IPv6 addresses are, whatever their zone: each link has
// these. So is any address of loopback, by which only this host sends, from any
// of its addresses.
func (l *Link) Contains(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if l.Flags&net.FlagLoopback != 0 || a.Is6() && a.IsLinkLocalUnicast() {
		return true
	}
	return slices.ContainsFunc(l.Prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Equal reports whether two links are the same, with the same addresses.
func (l *Link) Equal(other *Link) bool {
	return l.Index == other.Index && l.Name == other.Name && l.Flags == other.Flags && slices.Equal(l.Prefixes, other.Prefixes)
}

// Refused says why an interface is not among the links.
type Refused struct{ Name, Reason string }

// String returns both in one line.
func (r Refused) String() string { return r.Name + ": " + r.Reason }

// Options choose links. The zero Options choose those that lead to other hosts.
type Options struct {
	Names []string // only these interfaces, and these even if loopback, point-to-point or virtual
}

// Links returns the usable links, ordered by index, and why the other
// interfaces are not. An interface that vanishes meanwhile is refused. The error
// is that of asking the system for its interfaces.
func Links(o Options) (usable []Link, refused []Refused, err error) {
	return system{}.links(o)
}

// A system knows the interfaces of a host. Its zero value asks this one.
type system struct {
	interfaces func() ([]net.Interface, error)
	addrs      func(*net.Interface) ([]net.Addr, error)
}

func (s system) links(o Options) (usable []Link, refused []Refused, err error) {
	if s.interfaces == nil {
		s = system{interfaces: net.Interfaces, addrs: (*net.Interface).Addrs}
	}
	all, err := s.interfaces()
	if err != nil {
		return nil, nil, fmt.Errorf("interfaces of this host: %w", err)
	}
	slices.SortFunc(all, func(a, b net.Interface) int { return cmp.Compare(a.Index, b.Index) })
	for _, ifi := range all {
		named := slices.Contains(o.Names, ifi.Name)
		if reason := unfit(&ifi, named, o); reason != "" {
			refused = append(refused, Refused{ifi.Name, reason})
			continue
		}
		addrs, err := s.addrs(&ifi)
		if err != nil {
			refused = append(refused, Refused{ifi.Name, err.Error()})
			continue
		}
		l := Link{Interface: ifi, Prefixes: prefixes(addrs)}
		if len(l.Prefixes) == 0 {
			refused = append(refused, Refused{ifi.Name, "no address that others can use"})
			continue
		}
		usable = append(usable, l)
	}
	for _, name := range o.Names {
		if !slices.ContainsFunc(all, func(ifi net.Interface) bool { return ifi.Name == name }) {
			refused = append(refused, Refused{name, "no such interface"})
		}
	}
	return usable, refused, nil
}

// prefixes returns the addresses worth announcing, the most useful first.
func prefixes(addrs []net.Addr) []netip.Prefix {
	var all []netip.Prefix
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr, ok := netip.AddrFromSlice(n.IP)
		if !ok {
			continue
		}
		addr = addr.Unmap()
		if addr.IsUnspecified() || addr.IsMulticast() || addr.Is6() && addr.IsLinkLocalUnicast() {
			continue
		}
		ones, _ := n.Mask.Size()
		all = append(all, netip.PrefixFrom(addr, ones))
	}
	slices.SortStableFunc(all, func(a, b netip.Prefix) int { return cmp.Compare(rank(a.Addr()), rank(b.Addr())) })
	return all
}

// rank orders addresses by how likely they lead here.
func rank(a netip.Addr) int {
	switch {
	case a.Is4() && !a.IsLinkLocalUnicast():
		return 0
	case a.Is4():
		return 1
	default:
		return 2
	}
}
