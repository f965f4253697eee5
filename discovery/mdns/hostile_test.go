package mdns

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

// What makes no sense gives one warning that says who sent it and what is wrong,
// and others are still found.
func TestMalformed(t *testing.T) {
	good, err := newStranger().all().Pack()
	if err != nil {
		t.Fatal(err)
	}
	record := func(change func(*stranger)) []byte {
		s := newStranger()
		change(&s)
		b, err := s.all().Pack()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	loop := append([]byte{0, 0, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 0xc0, 12, 0, 12, 0, 1)
	lying := append([]byte(nil), good...)
	lying[6], lying[7] = 0xff, 0xff
	bad := response()
	bad.Answer = []dns.RR{&dns.PTR{Hdr: dns.RR_Header{Name: serviceType, Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: 120}, Ptr: `my\032printer.` + serviceType}}
	badName, err := bad.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "0 octets"},
		{"half a header", good[:7], "7 octets"},
		{"cut off", good[:len(good)-3], "ends before"},
		{"question cut off", append(loop[:12:12], 0, 0), "question 1"},
		{"address of five octets", fiveOctets(t), "record 4 of section 1"},
		{"too large", make([]byte, maxPacket+1), "9000 octets"},
		{"compression loop", loop, "compression pointers"},
		{"counts that lie", lying, "record 5 of section 1"},
		{"name that is no id", badName, `my\\ printer`},
		{"id of zeros", record(func(s *stranger) { s.id = discovery.ID{} }), "32 hexadecimal digits"},
		{"no service", record(func(s *stranger) { s.txt = []string{"v=1"} }), `no key "svc"`},
		{"port 0", record(func(s *stranger) { s.port = 0 }), "port 0"},
		{"endpoint with port 0", record(func(s *stranger) { s.txt = append(s.txt, "e0=tcp://192.0.2.9:0") }), `port "0"`},
		{"endpoint of nonsense", record(func(s *stranger) { s.txt = append(s.txt, "e0=http://x") }), `scheme "http"`},
		{"no UTF-8", record(func(s *stranger) { s.txt = []string{`svc=\255`} }), "UTF-8"},
		{"hostile TXT", record(func(s *stranger) {
			for i := range 500 {
				s.txt = append(s.txt, fmt.Sprintf("m.%d=%s", i, "x"))
			}
		}), "entries of metadata"},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched(t, func(t *testing.T, e *ether, b *Backend, v *view) {
				for range 100 {
					e.carry(netip.MustParseAddrPort(strangerAt), netip.AddrPort{}, c.data)
				}
				synctest.Wait()
				warnings := v.of(discovery.Warning)
				if len(warnings) != 1 {
					t.Fatalf("%d warnings, want 1", len(warnings))
				}
				err := warnings[0].Err
				if !errors.Is(err, discovery.ErrMalformed) || !strings.Contains(err.Error(), strangerAt) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("warning %q, want %q from %s", err, c.want, strangerAt)
				}
				if v.size() > 0 {
					t.Errorf("told of %v", v.events)
				}
				a, _ := e.station(t)
				in := order()
				announce(t, a, in)
				pass(2 * time.Second)
				if _, ok := v.get(in.ID); !ok {
					t.Error("a good one is not found any more")
				}
			})
		})
	}
}

// fiveOctets returns a message with an A record that is one octet too long.
func fiveOctets(t *testing.T) []byte {
	t.Helper()
	b, err := newStranger().all().Pack()
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-5] = 5
	return append(b, 9)
}

// Records of other types are skipped, even if nobody could read them.
func TestRecordsOfOthers(t *testing.T) {
	watched(t, func(t *testing.T, e *ether, _ *Backend, v *view) {
		m := newStranger().all()
		nsec := &dns.RFC3597{Hdr: dns.RR_Header{Name: "host.local.", Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 120}, Rdata: "0003000300"}
		m.Answer = append([]dns.RR{nsec}, m.Answer...)
		m.Ns, m.Extra = []dns.RR{nsec}, []dns.RR{nsec}
		e.inject(t, strangerAt, m)
		synctest.Wait()
		if v.size() != 1 || len(v.of(discovery.Warning)) > 0 {
			t.Errorf("%v, want an instance and no warning", v.events)
		}
	})
}

// Answers count only from the port of multicast DNS, from the link, sent to all,
// and of a message that is an answer.
func TestWhoIsBelieved(t *testing.T) {
	s := newStranger()
	query := s.all()
	query.Response = false
	refused := s.all()
	refused.Rcode = dns.RcodeRefused
	update := s.all()
	update.Opcode = dns.OpcodeUpdate
	chaos := s.all()
	for _, rr := range chaos.Answer {
		rr.Header().Class = dns.ClassCHAOS
	}
	authority := response()
	authority.Ns = s.all().Answer
	for _, c := range []struct {
		name string
		from string
		msg  *dns.Msg
		to   netip.AddrPort
		want int
	}{
		{name: "to all", from: strangerAt, msg: s.all(), want: 1},
		{name: "another port", from: "192.0.2.99:5354", msg: s.all()},
		{name: "off the link", from: "198.51.100.99:5353", msg: s.all()},
		{name: "to us alone", from: strangerAt, msg: s.all(), to: netip.MustParseAddrPort("192.0.2.1:5353")},
		{name: "a question", from: strangerAt, msg: query},
		{name: "an error", from: strangerAt, msg: refused},
		{name: "an update", from: strangerAt, msg: update},
		{name: "another class", from: strangerAt, msg: chaos},
		{name: "an authority", from: strangerAt, msg: authority},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched(t, func(t *testing.T, e *ether, _ *Backend, v *view) {
				data, err := c.msg.Pack()
				if err != nil {
					t.Fatal(err)
				}
				e.carry(netip.MustParseAddrPort(c.from), c.to, data)
				synctest.Wait()
				if v.size() != c.want || len(v.of(discovery.Warning)) > 0 {
					t.Errorf("%v, want %d instances and no warning", v.events, c.want)
				}
			})
		})
	}
}

// Where the system does not say by which link a packet came, its source does.
func TestSegmentOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		b, _ := e.station(t)
		for _, c := range []struct {
			link int
			from string
			want bool
		}{
			{nicIndex, "192.0.2.99", true},
			{nicIndex, "198.51.100.1", false},
			{nicIndex, "fe80::1%eth0", true},
			{nicIndex + 1, "192.0.2.99", false},
			{0, "192.0.2.99", true},
			{0, "198.51.100.1", false},
		} {
			p := packet{link: c.link, from: netip.AddrPortFrom(netip.MustParseAddr(c.from), mdnsPort)}
			if got := b.station.segmentOf(p) != nil; got != c.want {
				t.Errorf("from %s by link %d: taken %t", c.from, c.link, got)
			}
		}
	})
}

// Floods fill no memory, and are told once.
func TestFloods(t *testing.T) {
	const n = 10_000
	for _, c := range []struct {
		name    string
		flood   func(i int) *dns.Msg
		want    int // instances
		warning error
	}{
		{"instances", func(i int) *dns.Msg {
			s := newStranger()
			s.host = fmt.Sprintf("host-%d.local.", i)
			return s.all()
		}, 100, discovery.ErrFull},
		{"names", func(int) *dns.Msg { return answers(newStranger().ptr()) }, 0, nil},
		{"hosts", func(i int) *dns.Msg {
			s := newStranger()
			s.host = fmt.Sprintf("host-%d.local.", i)
			return answers(s.addresses()...)
		}, 0, nil},
		{"goodbyes", func(int) *dns.Msg {
			s := newStranger()
			s.ttl = 0
			return s.all()
		}, 0, nil},
		{"addresses", func() func(i int) *dns.Msg {
			s := newStranger()
			return func(i int) *dns.Msg {
				s.ips = []string{fmt.Sprintf("192.0.%d.%d", i/250%250, 1+i%250)}
				return s.all()
			}
		}(), 1, nil},
		{"questions", func(i int) *dns.Msg { return ask(fmt.Sprintf("host-%d.local.", i), dns.TypeANY) }, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e ether
				b, _ := e.station(t, WithMaxInstances(100))
				v := watch(t, b, "")
				mine := order()
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				for i := range n {
					data, err := c.flood(i).Pack()
					if err != nil {
						t.Fatal(err)
					}
					b.station.receive(packet{data: data, link: nicIndex, from: netip.MustParseAddrPort(strangerAt)})
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
					t.Errorf("%d octets more after %d packets", grown, n)
				}
				b.station.mu.Lock()
				if len(b.station.found) > 100+maxPartial || len(b.station.hosts) > 100+maxPartial {
					t.Errorf("%d instances and %d hosts kept", len(b.station.found), len(b.station.hosts))
				}
				for _, h := range b.station.hosts {
					if len(h.addrs) > maxAddresses {
						t.Errorf("%d addresses of a host", len(h.addrs))
					}
				}
				b.station.mu.Unlock()
				synctest.Wait()
				if v.size() != c.want {
					t.Errorf("%d instances, want %d", v.size(), c.want)
				}
				warnings := v.of(discovery.Warning)
				if c.warning == nil && len(warnings) > 0 || c.warning != nil && (len(warnings) != 1 || !errors.Is(warnings[0].Err, c.warning)) {
					t.Errorf("warnings %v, want %v once", warnings, c.warning)
				}
				mark := e.carried()
				pass(10 * time.Second)
				if sent := e.carried() - mark; sent > 400 {
					t.Errorf("%d packets in 10 s to ask for the parts of a flood", sent)
				}
				pass(3 * time.Minute) // all of it expires
				announce(t, b, mine)
				pass(time.Second)
				if _, ok := v.get(mine.ID); !ok || v.size() != 1 {
					t.Errorf("%d instances after the flood, want ours", v.size())
				}
			})
		})
	}
}

// FuzzPacket: whatever comes, nothing panics and nothing grows.
func FuzzPacket(f *testing.F) {
	seed := func(m *dns.Msg) {
		data, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint16(mdnsPort))
	}
	seed(newStranger().all())
	seed(ask(serviceType, dns.TypePTR))
	seed(ask(metaType, dns.TypeANY))
	known := ask(serviceType, dns.TypePTR)
	known.Answer = newStranger().all().Answer
	seed(known)
	f.Add([]byte{0, 0, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1}, uint16(1))
	var e ether
	b, _ := e.station(f, WithMaxInstances(10))
	in := order()
	announce(f, b, in)
	f.Fuzz(func(t *testing.T, data []byte, port uint16) {
		s := b.station
		s.receive(packet{data: data, link: nicIndex, from: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.99"), port)})
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.found) > 10+maxPartial || len(s.hosts) > len(s.found) || len(s.replies) > maxReplies {
			t.Errorf("%d instances, %d hosts, %d replies", len(s.found), len(s.hosts), len(s.replies))
		}
	})
}

// FuzzText: what is read from a TXT record and is an instance can be announced
// and read again.
func FuzzText(f *testing.F) {
	f.Add("svc=orders", "realm=r", "=more")
	f.Add("m.k=v", "e0=tcp://192.0.2.1:1", "svc=\xff")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		got, err := decodeText([]string{a, b, c})
		if err != nil {
			return
		}
		in := discovery.Instance{
			ID: discovery.NewID(), Service: got.service, Realm: got.realm, Name: got.name, SocketType: got.socketType, Host: got.host,
			Metadata: got.metadata, Endpoints: got.endpoints, Version: got.version,
		}
		if in.Validate() != nil {
			return
		}
		again, err := decodeText(encodeText(&in))
		if err != nil || again.service != got.service || again.name != got.name || len(again.metadata) != len(got.metadata) || again.version != got.version {
			t.Errorf("%+v came back as %+v, %v", got, again, err)
		}
		for _, s := range encodeText(&in) {
			if unescape(escape(s)) != s {
				t.Errorf("%q is not escaped and back", s)
			}
		}
	})
}
