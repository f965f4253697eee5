package discovery

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// How near a candidate is: the order in which they are tried.
const (
	sameHost = iota
	sameSubnet
	otherIPv4
	otherIPv6
	byName
	unfit
)

// candidates returns the endpoints of an instance that may be dialed, the best
// first: ipc on the same host, then what is on a subnet of ours, then the rest.
// Left out is what an honest instance would not mean: unspecified, multicast
// and link-local addresses, loopback unless asked for, another host's ipc.
func candidates(in *Instance, loopback bool, host string, local []netip.Prefix) []string {
	type candidate struct {
		endpoint string
		rank     int
	}
	var all []candidate
	for _, e := range in.Endpoints {
		if r := rank(e, in, loopback, host, local); r != unfit {
			all = append(all, candidate{e, r})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.rank, b.rank) })
	endpoints := make([]string, len(all))
	for i, c := range all {
		endpoints[i] = c.endpoint
	}
	return endpoints
}

func rank(endpoint string, in *Instance, loopback bool, host string, local []netip.Prefix) int {
	scheme, address := split(endpoint)
	if scheme == "ipc" {
		// The name has to hold the instance's id: nobody can lead us to a socket that
		// was not made for this.
		if in.Host != "" && in.Host == host && strings.Contains(path.Base(address), in.ID.String()) {
			return sameHost
		}
		return unfit
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return unfit
	}
	a, err := netip.ParseAddr(name)
	if err != nil {
		return byName
	}
	a = a.Unmap()
	if !fit(a, loopback) {
		return unfit
	}
	for _, p := range local {
		if p.Contains(a.WithZone("")) {
			return sameSubnet
		}
	}
	if a.Is4() {
		return otherIPv4
	}
	return otherIPv6
}

// fit reports whether an address is one that an honest instance would mean.
func fit(a netip.Addr, loopback bool) bool {
	switch {
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return false
	case a.IsLoopback():
		return loopback
	}
	return !a.Is6() || !a.IsLinkLocalUnicast() || a.Zone() != ""
}

// reach dials one endpoint. Of a host that is named it dials the addresses that
// are fit: a name may lead anywhere.
func (f *follow) reach(ctx context.Context, endpoint string) (net.Conn, error) {
	scheme, address := split(endpoint)
	name, port, err := net.SplitHostPort(address)
	if f.lookup == nil || scheme == "ipc" || err != nil {
		return f.dial(ctx, endpoint)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return f.dial(ctx, endpoint)
	}
	addrs, err := f.lookup(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, a := range addrs {
		if a = a.Unmap(); fit(a, f.loopback) {
			all = append(all, "tcp://"+net.JoinHostPort(a.String(), port))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("it leads to %v, which may not be dialed (loopback wants WithLoopback)", addrs)
	}
	conn, _, err := race(ctx, all, f.dial)
	return conn, err
}

// split cuts an endpoint that checkEndpoint has let through.
func split(endpoint string) (scheme, address string) {
	scheme, address, _ = strings.Cut(endpoint, "://")
	return scheme, address
}

// subnets returns the subnets this host is on.
func subnets() []netip.Prefix {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p.Masked())
		}
	}
	return all
}

// LocalEndpoint returns an ipc endpoint for an instance to bind and to announce
// beside its tcp ones: peers on the same host prefer it. It is an abstract name
// and leaves no file, and so exists on Linux alone.
func LocalEndpoint(id ID) string { return "ipc://@brokerless-" + id.String() }
