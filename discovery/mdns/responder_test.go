package mdns

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

// ask returns a question.
func ask(name string, rtype uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, rtype)
	m.RecursionDesired = false
	return m
}

func TestAnswers(t *testing.T) {
	in := order()
	name := instanceName(in.ID)
	for _, c := range []struct {
		name  string
		ask   *dns.Msg
		from  string
		want  string // answers + extras; "" for no packet
		soon  bool   // without a random delay
		about string // of the first answer
	}{
		{name: "type", ask: ask(serviceType, dns.TypePTR), want: "PTR + SRV TXT A ", about: serviceType},
		{name: "type in capitals", ask: ask("_BROKERLESS._TCP.Local.", dns.TypePTR), want: "PTR + SRV TXT A "},
		{name: "anything of the type", ask: ask(serviceType, dns.TypeANY), want: "PTR + SRV TXT A "},
		{name: "subtype", ask: ask("_orders._sub."+serviceType, dns.TypePTR), want: "PTR + SRV TXT A ", about: "_orders._sub." + serviceType},
		{name: "another subtype", ask: ask("_bills._sub."+serviceType, dns.TypePTR)},
		{name: "all types", ask: ask(metaType, dns.TypePTR), want: "PTR + ", about: metaType},
		{name: "SRV", ask: ask(name, dns.TypeSRV), want: "SRV + A ", soon: true},
		{name: "TXT", ask: ask(name, dns.TypeTXT), want: "TXT + ", soon: true},
		{name: "both", ask: ask(name, dns.TypeANY), want: "SRV TXT + A ", soon: true},
		{name: "another instance", ask: ask(instanceName(discovery.NewID()), dns.TypeANY)},
		{name: "another type", ask: ask("_http._tcp.local.", dns.TypePTR)},
		{name: "another record of the type", ask: ask(serviceType, dns.TypeSRV)},
		{name: "off the link", ask: ask(serviceType, dns.TypePTR), from: "198.51.100.1:5353"},
		{name: "off the link, legacy", ask: ask(serviceType, dns.TypePTR), from: "198.51.100.1:50000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e ether
				b, n := e.station(t)
				announce(t, b, in)
				pass(10 * time.Second)
				mark, start := e.carried(), time.Now()
				if c.from == "" {
					c.from = "192.0.2.99:5353"
				}
				e.inject(t, c.from, c.ask)
				pass(5 * time.Second)
				got := e.since(mark, n.addr)
				if c.want == "" {
					if len(got) > 0 {
						t.Errorf("%d answers: %v", len(got), got[0].msg)
					}
					return
				}
				if len(got) != 1 {
					t.Fatalf("%d answers, want 1", len(got))
				}
				m := got[0].msg
				if s := types(m.Answer) + "+ " + types(m.Extra); s != c.want || !m.Response || !m.Authoritative || m.Id != 0 || len(m.Question) > 0 {
					t.Errorf("answered %q, want %q\n%v", s, c.want, m)
				}
				if c.about != "" && m.Answer[0].Header().Name != c.about {
					t.Errorf("answer about %s, want %s", m.Answer[0].Header().Name, c.about)
				}
				low, high := 20*time.Millisecond, 120*time.Millisecond
				if c.soon {
					low, high = 0, time.Millisecond
				}
				if d := got[0].at.Sub(start); d < low || d > high {
					t.Errorf("answered after %v, want %v to %v", d, low, high)
				}
			})
		})
	}
}

// Fifty who ask within a second have one answer.
func TestOneAnswerASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		b, n := e.station(t)
		announce(t, b, order())
		pass(10 * time.Second)
		mark := e.carried()
		for range 50 {
			e.inject(t, "192.0.2.99:5353", ask(serviceType, dns.TypePTR))
			pass(10 * time.Millisecond)
		}
		pass(400 * time.Millisecond)
		if got := e.since(mark, n.addr); len(got) != 1 {
			t.Errorf("%d answers to 50 questions within half a second, want 1", len(got))
		}
		pass(5 * time.Second)
		got := e.since(mark, n.addr)
		if len(got) != 2 || got[1].at.Sub(got[0].at) < time.Second {
			t.Errorf("%d answers in all, want 2 at least a second apart", len(got))
		}
	})
}

func TestKnownAnswers(t *testing.T) {
	in := order()
	ptr := func(ttl uint32) dns.RR {
		return &dns.PTR{Hdr: dns.RR_Header{Name: serviceType, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: ttl}, Ptr: instanceName(in.ID)}
	}
	for _, c := range []struct {
		name  string
		known dns.RR
		more  bool // known comes in a packet of its own
		want  int
	}{
		{"known", ptr(60), false, 0},
		{"nearly forgotten", ptr(59), false, 1},
		{"another", &dns.PTR{Hdr: dns.RR_Header{Name: serviceType, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: 120}, Ptr: instanceName(discovery.NewID())}, false, 1},
		{"in the next packet", ptr(100), true, 0},
		{"never comes", nil, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e ether
				b, n := e.station(t)
				announce(t, b, in)
				pass(10 * time.Second)
				mark := e.carried()
				m := ask(serviceType, dns.TypePTR)
				m.Truncated = c.more
				if !c.more {
					m.Answer = []dns.RR{c.known}
				}
				e.inject(t, "192.0.2.99:5353", m)
				pass(100 * time.Millisecond)
				if c.more && c.known != nil {
					rest := new(dns.Msg)
					rest.Answer = []dns.RR{c.known}
					e.inject(t, "192.0.2.98:5353", ask("_http._tcp.local.", dns.TypePTR)) // somebody else
					e.inject(t, "192.0.2.99:5353", rest)
				}
				pass(5 * time.Second)
				if got := e.since(mark, n.addr); len(got) != c.want {
					t.Errorf("%d answers, want %d", len(got), c.want)
				}
			})
		})
	}
}

// Who asks for a unicast answer has one if it was multicast lately; who asks
// from another port has one that an old resolver understands; both only so
// often.
func TestUnicast(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   string
		class  uint16
		late   bool // long after the record was multicast
		legacy bool
		to     netip.AddrPort
	}{
		{name: "QU", from: "192.0.2.2:5353", class: dns.ClassINET | wantsUnicast, to: netip.MustParseAddrPort("192.0.2.2:5353")},
		{name: "QU, late", from: "192.0.2.2:5353", class: dns.ClassINET | wantsUnicast, late: true},
		{name: "legacy", from: "192.0.2.2:54321", class: dns.ClassINET, late: true, legacy: true, to: netip.MustParseAddrPort("192.0.2.2:54321")},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e ether
				var sent []datagram
				b, n := e.station(t)
				b.station.net = tap{n, func(d datagram) { sent = append(sent, d) }}
				announce(t, b, order())
				pass(10 * time.Second)
				if c.late {
					pass(time.Minute)
				}
				sent = nil
				m := ask(serviceType, dns.TypePTR)
				m.Id = 4711
				m.Question[0].Qclass = c.class
				e.inject(t, c.from, m)
				pass(500 * time.Millisecond)
				if len(sent) != 1 || sent[0].to != c.to {
					t.Fatalf("sent %v, want one packet to %v", sent, c.to)
				}
				var got dns.Msg
				if err := got.Unpack(sent[0].data); err != nil {
					t.Fatal(err)
				}
				if s := types(got.Answer) + "+ " + types(got.Extra); s != "PTR + SRV TXT A " {
					t.Errorf("answered %q", s)
				}
				if c.legacy && (got.Id != 4711 || len(got.Question) != 1 || got.Extra[0].Header().Ttl != legacyTTL || got.Extra[0].Header().Class != dns.ClassINET) {
					t.Errorf("an old resolver cannot read %v", &got)
				}
				if !c.to.IsValid() {
					return
				}
				sent = nil
				for range 1000 {
					e.inject(t, c.from, m)
				}
				pass(500 * time.Millisecond)
				if len(sent) > maxReplies {
					t.Errorf("%d replies to a flood, want at most %d a second", len(sent), maxReplies)
				}
			})
		})
	}
}

// A tap tells what a station sends.
type tap struct {
	network
	sent func(datagram)
}

func (t tap) send(d datagram) error {
	t.sent(d)
	return t.network.send(d)
}
