package dnssrv

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/miekg/dns"
)

// maxComplaints is how many things that are wrong a round tells of.
const maxComplaints = 16

// found is what a round found.
type found struct {
	instances map[discovery.ID]*discovery.Instance
	unsure    func(*discovery.Instance) bool // of one that was not found: it may be there all the same
	records   int                            // how many there were, whatever they said
	age       time.Duration                  // when to look again
	wrong     []error
}

func newFound(age time.Duration) found {
	return found{
		instances: make(map[discovery.ID]*discovery.Instance), age: age,
		unsure: func(*discovery.Instance) bool { return false },
	}
}

// add adds the instance. Of two with one id the first stays.
func (f *found) add(in discovery.Instance) {
	if err := in.Validate(); err != nil {
		f.complain("%q: %w", in.Name, err)
		return
	}
	if f.instances[in.ID] == nil {
		f.instances[in.ID] = &in
	}
}

// complain tells of what cannot be an instance.
func (f *found) complain(format string, args ...any) {
	f.fault(fmt.Errorf("%w: "+format, append([]any{discovery.ErrMalformed}, args...)...))
}

// fault tells of what went wrong with a part of the round.
func (f *found) fault(err error) {
	if len(f.wrong) < maxComplaints {
		f.wrong = append(f.wrong, err)
	}
}

// ordered returns the instances by id, so that of too many the same ones are
// taken in each round.
func (f *found) ordered() []*discovery.Instance {
	all := make([]*discovery.Instance, 0, len(f.instances))
	for _, in := range f.instances {
		all = append(all, in)
	}
	slices.SortFunc(all, func(a, b *discovery.Instance) int { return a.ID.Compare(b.ID) })
	return all
}

// derive returns the id of an instance: the first half of the SHA-256 of what
// tells it from others, each text with its length before it.
func derive(identity ...string) (id discovery.ID) {
	var text []byte
	for _, s := range identity {
		text = binary.AppendUvarint(text, uint64(len(s)))
		text = append(text, s...)
	}
	sum := sha256.Sum256(text)
	copy(id[:], sum[:])
	return id
}

// address returns the address of an A or AAAA record, or why nobody can be
// reached there.
func address(r dns.RR) (netip.Addr, error) {
	var ip net.IP
	switch r := r.(type) {
	case *dns.A:
		ip = r.A
	case *dns.AAAA:
		ip = r.AAAA
	}
	a, ok := netip.AddrFromSlice(ip)
	a = a.Unmap()
	switch {
	case !ok:
		return a, errors.New("no address")
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return a, fmt.Errorf("%s is nobody's address", a)
	case a.Is6() && a.IsLinkLocalUnicast():
		return a, fmt.Errorf("%s is on a link that is not told", a)
	}
	return a, nil
}

// endpoint returns the endpoint at the address and port.
func endpoint(a netip.Addr, port uint16) string {
	return "tcp://" + netip.AddrPortFrom(a, port).String()
}

// addresses returns the addresses of the records that make sense, IPv4 first.
func (f *found) addresses(all []dns.RR) []netip.Addr {
	var list []netip.Addr
	for _, r := range all {
		a, err := address(r)
		if err != nil {
			f.complain("%q: %w", r.Header().Name, err)
			continue
		}
		list = append(list, a)
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}

// usable returns the SRV records that make sense, most wanted first, and
// complains of the others.
func (f *found) usable(all []dns.RR) []*dns.SRV {
	var list []*dns.SRV
	for _, r := range all {
		srv, ok := r.(*dns.SRV)
		switch {
		case !ok:
		case srv.Target == ".": // RFC 2782: decidedly not available
			f.complain("%q: target %q: there is no such service", srv.Hdr.Name, srv.Target)
		case srv.Port == 0:
			f.complain("%q: target %q: port 0", srv.Hdr.Name, srv.Target)
		default:
			list = append(list, srv)
		}
	}
	slices.SortFunc(list, func(a, b *dns.SRV) int {
		if a.Priority != b.Priority {
			return int(a.Priority) - int(b.Priority)
		}
		if a.Weight != b.Weight {
			return int(b.Weight) - int(a.Weight)
		}
		if a.Port != b.Port {
			return int(a.Port) - int(b.Port)
		}
		return strings.Compare(a.Target, b.Target)
	})
	return list
}

// instanceOf returns the instance of a SRV record, without endpoints.
func (s *settings) instanceOf(name string, srv *dns.SRV) discovery.Instance {
	target := dns.CanonicalName(srv.Target)
	in := s.instance(dns.CanonicalName(name), target, strconv.Itoa(int(srv.Port)))
	if in.Name = strings.TrimSuffix(target, "."); len(in.Name) > discovery.MaxName {
		in.Name = ""
	}
	in.Metadata = map[string]string{
		"priority": strconv.Itoa(int(srv.Priority)),
		"weight":   strconv.Itoa(int(srv.Weight)),
	}
	return in
}
