package lan

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Expand returns the endpoints with each TCP wildcard replaced by one endpoint
// for each address of the links, IPv4 first: tcp://0.0.0.0:5555 by those of
// IPv4 alone, for that is where it listens, and tcp://[::]:5555 by all. Others
// stay as they are, and none is there twice.
func Expand(endpoints []string, links []Link) []string {
	var all []string
	add := func(e string) {
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	for _, e := range endpoints {
		wildcard, port, ok := cutWildcard(e)
		if !ok {
			add(e)
			continue
		}
		for _, a := range addresses(links) {
			if a.Is4() || wildcard.Is6() {
				add("tcp://" + net.JoinHostPort(a.String(), port))
			}
		}
	}
	return all
}

// cutWildcard returns the unspecified address and the port of the endpoint, if
// it is a TCP wildcard.
func cutWildcard(endpoint string) (wildcard netip.Addr, port string, ok bool) {
	address, ok := strings.CutPrefix(endpoint, "tcp://")
	if !ok {
		return netip.Addr{}, "", false
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.Addr{}, "", false
	}
	a, err := netip.ParseAddr(host)
	return a, port, err == nil && a.IsUnspecified()
}

// addresses returns those of all links, IPv4 first.
func addresses(links []Link) []netip.Addr {
	var four, six []netip.Addr
	for i := range links {
		for _, p := range links[i].Prefixes {
			if p.Addr().Is4() {
				four = append(four, p.Addr())
			} else {
				six = append(six, p.Addr())
			}
		}
	}
	return append(four, six...)
}
