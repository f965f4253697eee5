package auth

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// Networks returns an authenticator that lets peers in that come from one of the
// networks. It gives no user id. An address says little of who somebody is:
// whoever can send from there comes in.
//
// An IPv4 address that came as an IPv6 one (::ffff:10.0.0.1) is the IPv4 address,
// in peers and in prefixes; so ::/0 is all of IPv6 and nothing of IPv4. The zone
// of a link-local address does not matter. Peers without an address, those over
// ipc, are refused; [Local] lets them in. The zero Prefix has no addresses.
func Networks(prefixes ...netip.Prefix) socket.Authenticator {
	networks := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		networks[i] = unmap(p)
	}
	return socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		if c.Address == "" {
			return socket.Admission{}, deny("no address, want one in %v", networks)
		}
		address, err := netip.ParseAddr(c.Address)
		if err != nil {
			return socket.Admission{}, deny("address %q makes no sense", c.Address)
		}
		address = address.Unmap().WithZone("")
		if !slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) }) {
			return socket.Admission{}, deny("address %s, want one in %v", address, networks)
		}
		return socket.Admission{}, nil
	})
}

// unmap returns the IPv4 prefix that an IPv6 one of mapped addresses stands for.
func unmap(p netip.Prefix) netip.Prefix {
	const before = 96 // bits of an IPv4-mapped address before the IPv4 one
	if p.Addr().Is4In6() && p.Bits() >= before {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-before)
	}
	return p
}

// ParseNetworks reads networks for [Networks]: prefixes such as "10.0.0.0/8", or
// single addresses such as "::1". It refuses one with bits set beyond the prefix,
// as a network of one address is easily meant and another one written.
func ParseNetworks(networks ...string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(networks))
	for _, n := range networks {
		var p netip.Prefix
		var err error
		if strings.Contains(n, "/") {
			p, err = netip.ParsePrefix(n)
		} else {
			var a netip.Addr
			if a, err = netip.ParseAddr(n); err == nil {
				p = netip.PrefixFrom(a.WithZone(""), a.BitLen())
			}
		}
		if err != nil {
			return nil, fmt.Errorf("brokerless: network %q: %w", n, err)
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("brokerless: network %q: bits are set beyond the prefix, want %s", n, p.Masked())
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}

// Local returns an authenticator that lets peers in that come by a socket of the
// file system, as over ipc: whoever the mode of its file lets connect. It gives
// no user id. For those that come over TCP from this host, see [Networks].
func Local() socket.Authenticator {
	return socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		scheme, _, _ := strings.Cut(c.Endpoint, "://")
		if c.Address != "" || scheme != "ipc" && scheme != "unix" {
			return socket.Admission{}, deny("endpoint %q, want one of ipc", c.Endpoint)
		}
		return socket.Admission{}, nil
	})
}
