package mdns

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// Names on the wire. Those that are compared are in lower case.
const (
	serviceType = "_brokerless._tcp.local."
	browseType  = "_brokerless._tcp" // as the browser wants it
	metaType    = "_services._dns-sd._udp.local."
)

const (
	ttl = 120 * time.Second // of every record of ours

	cacheFlush   = 1 << 15 // in the class of a record: it replaces what was said before
	wantsUnicast = 1 << 15 // in the class of a question: the answer may be unicast
)

// A unit is what is sent, asked for and counted as one: a record of an
// instance, or the addresses of the host on a link.
type unit struct {
	kind kind
	id   discovery.ID // none for kindHost and kindMeta
}

type kind uint8

const (
	kindPTR  kind = iota // the type points at the instance
	kindSub              // and its subtype, if it has one
	kindSRV              // where the instance is
	kindTXT              // what it says
	kindHost             // the addresses
	kindMeta             // the list of all types points at ours
)

// shared reports whether others answer the same question with records of
// their own.
func (k kind) shared() bool { return k == kindPTR || k == kindSub || k == kindMeta }

// An offer is an instance that we announce.
type offer struct {
	id      discovery.ID
	name    string   // of SRV and TXT
	subtype string   // that points at it too; "" if its service is no label
	port    uint16   // of SRV
	text    []string // of TXT, escaped
	due     map[int]campaign
}

// A campaign is what is left of announcing an offer on a link.
type campaign struct {
	due  time.Time
	left int
	last time.Time // when it was announced last
}

func newOffer(in discovery.Instance) (*offer, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o := &offer{id: in.ID, name: instanceName(in.ID), due: make(map[int]campaign)}
	if isLabel(in.Service) {
		o.subtype = "_" + in.Service + "._sub." + serviceType
	}
	for _, s := range encodeText(&in) {
		o.text = append(o.text, escape(s))
	}
	for _, e := range in.Endpoints {
		if address, ok := strings.CutPrefix(e, "tcp://"); ok {
			_, p, _ := net.SplitHostPort(address)
			if port, err := strconv.ParseUint(p, 10, 16); err == nil {
				o.port = uint16(port)
				break
			}
		}
	}
	return o, nil
}

// same reports whether two offers are the same on the wire.
func (o *offer) same(other *offer) bool {
	return o.subtype == other.subtype && o.port == other.port && strings.Join(o.text, "\x00") == strings.Join(other.text, "\x00")
}

// units returns those of the offer.
func (o *offer) units() []unit {
	all := []unit{{kindPTR, o.id}, {kindSRV, o.id}, {kindTXT, o.id}}
	if o.subtype != "" {
		all = append(all, unit{kindSub, o.id})
	}
	return all
}

// record returns the record of the offer of a kind, or nil if it has none.
func (o *offer) record(k kind, host string) dns.RR {
	header := func(name string, rtype, class uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: rtype, Class: class, Ttl: uint32(ttl / time.Second)}
	}
	switch {
	case k == kindPTR:
		return &dns.PTR{Hdr: header(serviceType, dns.TypePTR, dns.ClassINET), Ptr: o.name}
	case k == kindSub && o.subtype != "":
		return &dns.PTR{Hdr: header(o.subtype, dns.TypePTR, dns.ClassINET), Ptr: o.name}
	case k == kindSRV:
		return &dns.SRV{Hdr: header(o.name, dns.TypeSRV, dns.ClassINET|cacheFlush), Port: o.port, Target: host}
	case k == kindTXT:
		return &dns.TXT{Hdr: header(o.name, dns.TypeTXT, dns.ClassINET|cacheFlush), Txt: o.text}
	}
	return nil
}

// hostRecords returns the addresses that we have on a link.
func hostRecords(host string, l *lan.Link) []dns.RR {
	var all []dns.RR
	for _, p := range l.Prefixes {
		h := dns.RR_Header{Name: host, Class: dns.ClassINET | cacheFlush, Ttl: uint32(ttl / time.Second)}
		if a := p.Addr(); a.Is4() {
			h.Rrtype = dns.TypeA
			all = append(all, &dns.A{Hdr: h, A: a.AsSlice()})
		} else {
			h.Rrtype = dns.TypeAAAA
			all = append(all, &dns.AAAA{Hdr: h, AAAA: a.AsSlice()})
		}
	}
	return all[:min(len(all), maxAddresses)]
}

func metaRecord() dns.RR {
	return &dns.PTR{Hdr: dns.RR_Header{Name: metaType, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: uint32(ttl / time.Second)}, Ptr: serviceType}
}

// farewell returns the records with a TTL of 0, which takes them back.
func farewell(all []dns.RR) []dns.RR {
	for _, rr := range all {
		rr.Header().Ttl = 0
	}
	return all
}

func instanceName(id discovery.ID) string { return id.String() + "." + serviceType }

// parseInstance returns the ID in the name of an instance, and whether the name
// is one of our type at all.
func parseInstance(name string) (id discovery.ID, ours bool, err error) {
	label, ok := strings.CutSuffix(dns.CanonicalName(name), "."+serviceType)
	if !ok {
		return discovery.ID{}, false, nil
	}
	id, err = discovery.ParseID(label)
	if err == nil && id == (discovery.ID{}) {
		_, err = discovery.ParseID("") // of all zeros, which is nobody
	}
	return id, true, err
}

// isLabel reports whether a service can be the label of a subtype.
func isLabel(service string) bool {
	return service != "" && len(service) <= 62 && strings.Trim(service, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// addressOf returns the address in an A or AAAA record.
func addressOf(rr dns.RR) (netip.Addr, bool) {
	var ip net.IP
	switch rr := rr.(type) {
	case *dns.A:
		ip = rr.A
	case *dns.AAAA:
		ip = rr.AAAA
	}
	a, ok := netip.AddrFromSlice(ip)
	return a.Unmap(), ok
}
