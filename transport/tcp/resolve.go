package tcp

import (
	"context"
	"net"
	"net/netip"
)

// Resolver finds the addresses of a host name; a *net.Resolver is one. The network is "ip".
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// WithResolver sets who is asked for the addresses of a name: anew at each Dial, so at each attempt of a socket to connect
// again. The default is net.DefaultResolver.
func WithResolver(r Resolver) Option {
	return func(t *Transport) { t.resolver = r }
}

// candidates returns the addresses of h in the order in which to try them: as they were found, but with the families in
// turn (RFC 8305 section 4), so that a family that leads nowhere costs one attempt and not all of its own.
func (t *Transport) candidates(ctx context.Context, h hostPort) ([]netip.AddrPort, error) {
	if h.ip.IsValid() {
		return []netip.AddrPort{netip.AddrPortFrom(h.ip, h.port)}, nil
	}
	found, err := t.resolver.LookupNetIP(ctx, "ip", h.host)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: h.host, IsNotFound: true}
	}
	var families [2][]netip.AddrPort
	seen := make(map[netip.Addr]bool)
	first := found[0].Unmap().Is4()
	for _, ip := range found {
		ip = ip.Unmap()
		if seen[ip] {
			continue
		}
		seen[ip] = true
		which := 0
		if ip.Is4() != first {
			which = 1
		}
		families[which] = append(families[which], netip.AddrPortFrom(ip, h.port))
	}
	var all []netip.AddrPort
	for i := range max(len(families[0]), len(families[1])) {
		for _, f := range families {
			if i < len(f) {
				all = append(all, f[i])
			}
		}
	}
	return all, nil
}

// suits reports whether a connection may leave from local for remote.
func suits(local, remote netip.Addr) bool {
	return local.IsUnspecified() || local.Unmap().Is4() == remote.Unmap().Is4()
}
