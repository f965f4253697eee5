package mdns

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

// A host is the target of SRV records. Only hosts of instances are kept.
type host struct {
	refs  int // instances that are on it
	addrs []address
}

// An address was heard by a link.
type address struct {
	netip.Addr
	link  int
	lease lease
	heard time.Time
}

// setHost moves an instance to a host, or to none. The caller holds mu.
func (s *station) setHost(f *found, name string) {
	if f.host == name {
		return
	}
	if h := s.hosts[f.host]; h != nil {
		if h.refs--; h.refs == 0 {
			delete(s.hosts, f.host)
		}
	}
	f.host = name
	if name == "" {
		return
	}
	h := s.hosts[name]
	if h == nil {
		h = &host{}
		s.hosts[name] = h
	}
	h.refs++
}

// learnAddresses takes A and AAAA records heard by a link, and returns the
// hosts they are of. The caller holds mu.
func (s *station) learnAddresses(g *segment, all []dns.RR, now time.Time) map[string]bool {
	changed := make(map[string]bool)
	flushed := make(map[string]bool)
	for _, rr := range all {
		name := dns.CanonicalName(rr.Header().Name)
		h := s.hosts[name]
		a, ok := addressOf(rr)
		if h == nil || !ok {
			continue
		}
		if a = s.dialable(a, g); !a.IsValid() {
			continue
		}
		family := name
		if a.Is6() {
			family += " 6"
		}
		if rr.Header().Class&cacheFlush != 0 && !flushed[family] { // RFC 6762 section 10.2
			flushed[family] = true
			h.addrs = slices.DeleteFunc(h.addrs, func(old address) bool {
				return old.link == g.link.Index && old.Is6() == a.Is6() && now.Sub(old.heard) > time.Second
			})
		}
		changed[name] = true
		h.addrs = slices.DeleteFunc(h.addrs, func(old address) bool { return old.Addr == a })
		if rr.Header().Ttl > 0 && len(h.addrs) < maxAddresses {
			h.addrs = append(h.addrs, address{Addr: a, link: g.link.Index, lease: newLease(rr.Header().Ttl, now), heard: now})
		}
	}
	return changed
}

// dialable returns the address as it is used here when it was heard by a link,
// or the zero Addr if nobody should dial it.
func (s *station) dialable(a netip.Addr, g *segment) netip.Addr {
	a = a.Unmap()
	switch {
	case !a.IsValid(), a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return netip.Addr{}
	case a.IsLoopback() && (g == nil || !loopback(g)):
		return netip.Addr{}
	case a.Is6() && a.IsLinkLocalUnicast():
		if g == nil {
			return netip.Addr{}
		}
		return a.WithZone(g.link.Name) // whatever zone it was sent with is another host's
	}
	return a.WithZone("")
}

func loopback(g *segment) bool { return g.link.Flags&net.FlagLoopback != 0 }

// instance returns what is known of an instance, and whether that is enough to
// reach it. The caller holds mu.
func (s *station) instance(f *found) (discovery.Instance, bool) {
	if f.srv.until.IsZero() || f.txt.until.IsZero() {
		return discovery.Instance{}, false
	}
	t := &f.text
	in := discovery.Instance{
		ID: f.id, Service: t.service, Realm: t.realm, Name: t.name, SocketType: t.socketType, Host: t.host,
		Metadata: t.metadata, Version: t.version,
	}
	endpoints := t.endpoints
	if t.derived {
		endpoints = []string{"tcp://" + netip.AddrPortFrom(netip.IPv6Unspecified(), f.port).String()}
	}
	missing := false
	for _, e := range endpoints {
		for _, e := range s.expand(f, e, &missing) {
			if !slices.Contains(in.Endpoints, e) && len(in.Endpoints) < discovery.MaxEndpoints {
				in.Endpoints = append(in.Endpoints, e)
			}
		}
	}
	return in, len(in.Endpoints) > 0 || !missing
}

// expand returns an endpoint as it is reached from here: a wildcard at each
// address of the host, none if nobody should dial it. It sets missing if there
// was a wildcard and no address. The caller holds mu.
func (s *station) expand(f *found, endpoint string, missing *bool) []string {
	address, ok := strings.CutPrefix(endpoint, "tcp://")
	if !ok {
		return []string{endpoint}
	}
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return []string{endpoint} // not valid, as Validate will say
	}
	a, err := netip.ParseAddr(name)
	if err != nil {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if (name == "localhost" || strings.HasSuffix(name, ".localhost")) && !f.loop {
			return nil
		}
		return []string{endpoint}
	}
	if !a.IsUnspecified() {
		g := s.segments[f.link]
		if dial := s.dialable(a, g); dial.IsValid() {
			return []string{"tcp://" + net.JoinHostPort(dial.String(), port)}
		}
		if f.loop && a.IsLoopback() {
			return []string{endpoint}
		}
		return nil
	}
	var all []string
	for _, dial := range s.addresses(f.host, a.Is4()) {
		all = append(all, "tcp://"+net.JoinHostPort(dial.String(), port))
	}
	*missing = *missing || len(all) == 0
	return all
}

// addresses returns those of a host: IPv4 on a subnet of the link they were
// heard by first, then other IPv4, then IPv6. The caller holds mu.
func (s *station) addresses(name string, only4 bool) []netip.Addr {
	h := s.hosts[name]
	if h == nil {
		return nil
	}
	rank := func(a address) int {
		g := s.segments[a.link]
		switch {
		case a.Is4() && g != nil && g.link.Contains(a.Addr):
			return 0
		case a.Is4():
			return 1
		case !a.IsLinkLocalUnicast():
			return 2
		}
		return 3
	}
	sorted := slices.Clone(h.addrs)
	slices.SortFunc(sorted, func(a, b address) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Compare(b.Addr))
	})
	var all []netip.Addr
	for _, a := range sorted {
		if !only4 || a.Is4() {
			all = append(all, a.Addr)
		}
	}
	return all
}
