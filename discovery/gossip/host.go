package gossip

import (
	"fmt"
	"net/netip"
	"sync"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// A host knows the addresses that stand for the wildcards of endpoints.
type host struct {
	mu    sync.Mutex
	links []lan.Link
}

// setLinks takes note of the host's links as they are now.
func (h *host) setLinks(links []lan.Link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.links = links
}

// expand returns the instance without wildcards, and with as many of the
// addresses that stand for them as it can hold.
func (h *host) expand(said *discovery.Instance) discovery.Instance {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := said.Clone()
	in.Endpoints = lan.Expand(said.Endpoints, h.links)
	if len(in.Endpoints) > discovery.MaxEndpoints {
		in.Endpoints = in.Endpoints[:discovery.MaxEndpoints]
	}
	for len(in.Endpoints) > 1 && in.Validate() != nil {
		in.Endpoints = in.Endpoints[:len(in.Endpoints)-1]
	}
	return in
}

// isWildcard reports whether the endpoint stands for each address of its host.
func isWildcard(endpoint string) bool { return len(lan.Expand([]string{endpoint}, nil)) == 0 }

// single returns links such that a is the only address of the host.
func single(a netip.Addr) []lan.Link {
	return []lan.Link{{Prefixes: []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}}}
}

// address returns the first address of the links that something bound to bind is
// reached at, IPv4 before IPv6. The error matches ErrAddress.
func address(bind netip.Addr, links []lan.Link, refused []lan.Refused) (netip.Addr, error) {
	var six netip.Addr
	for i := range links {
		for _, p := range links[i].Prefixes {
			if p.Addr().Is4() {
				return p.Addr(), nil
			}
			if !six.IsValid() {
				six = p.Addr()
			}
		}
	}
	if six.IsValid() && bind.Is6() {
		return six, nil
	}
	return netip.Addr{}, fmt.Errorf("%w: no interface of this host leads elsewhere %v; bind to an address, or advertise one", ErrAddress, refused)
}
