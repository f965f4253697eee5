package mdns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

// A stranger announces an instance with messages made by hand.
type stranger struct {
	id   discovery.ID
	host string
	port uint16
	ttl  uint32
	txt  []string
	ips  []string
}

func newStranger() stranger {
	return stranger{id: discovery.NewID(), host: "printer.local.", port: 9000, ttl: 120, txt: []string{"svc=orders"}, ips: []string{"192.0.2.99"}}
}

func (s stranger) header(name string, rtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rtype, Class: dns.ClassINET, Ttl: s.ttl}
}

func (s stranger) ptr() dns.RR {
	return &dns.PTR{Hdr: s.header(serviceType, dns.TypePTR), Ptr: instanceName(s.id)}
}

func (s stranger) srv() dns.RR {
	return &dns.SRV{Hdr: s.header(instanceName(s.id), dns.TypeSRV), Port: s.port, Target: s.host}
}

func (s stranger) text() dns.RR {
	return &dns.TXT{Hdr: s.header(instanceName(s.id), dns.TypeTXT), Txt: s.txt}
}

func (s stranger) addresses() []dns.RR {
	var all []dns.RR
	for _, ip := range s.ips {
		if strings.Contains(ip, ":") {
			all = append(all, &dns.AAAA{Hdr: s.header(s.host, dns.TypeAAAA), AAAA: net.ParseIP(ip)})
		} else {
			all = append(all, &dns.A{Hdr: s.header(s.host, dns.TypeA), A: net.ParseIP(ip)})
		}
	}
	return all
}

// all returns one message with everything.
func (s stranger) all() *dns.Msg {
	m := response()
	m.Answer = append([]dns.RR{s.ptr(), s.srv(), s.text()}, s.addresses()...)
	return m
}

func answers(all ...dns.RR) *dns.Msg {
	m := response()
	m.Answer = all
	return m
}

const strangerAt = "192.0.2.99:5353"

// watched runs a test with a watched station.
func watched(t *testing.T, f func(t *testing.T, e *ether, b *Backend, v *view)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var e ether
		b, _ := e.station(t)
		f(t, &e, b, watch(t, b, ""))
	})
}

// Who falls silent is removed when its TTL ends, or before that when it has
// not answered three rounds.
func TestExpiry(t *testing.T) {
	for _, c := range []struct {
		name      string
		ttl       uint32
		watch     bool
		low, high time.Duration
	}{
		{"TTL", 10, true, 10 * time.Second, 12 * time.Second},
		{"three rounds", 4500, true, 30 * time.Second, 110 * time.Second},
		{"TTL, nobody asks", 4500, false, 4500 * time.Second, 4502 * time.Second},
		{"too long a TTL", 1 << 31, false, maxTTL, maxTTL + 2*time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e ether
				b, _ := e.station(t)
				s := newStranger()
				s.ttl = c.ttl
				start := time.Now()
				e.inject(t, strangerAt, s.all())
				if c.watch {
					watch(t, b, "")
				}
				var gone time.Duration
				for gone = 0; gone < 3*time.Hour; gone = time.Since(start) {
					if _, ok := b.station.catalog.Lookup(s.id); !ok {
						break
					}
					pass(time.Second)
				}
				if gone < c.low || gone > c.high {
					t.Errorf("gone after %v, want %v to %v", gone, c.low, c.high)
				}
				b.station.mu.Lock()
				defer b.station.mu.Unlock()
				if len(b.station.found)+len(b.station.hosts) > 0 {
					t.Error("something was kept")
				}
			})
		})
	}
}

// Who answers stays, whatever happens to the clock on the wall, and a peer that
// starts long after the watch is seen.
func TestLongWatch(t *testing.T) {
	watched(t, func(t *testing.T, e *ether, _ *Backend, v *view) {
		a, _ := e.station(t)
		first := order()
		announce(t, a, first)
		pass(20 * time.Minute)
		late := order()
		b, _ := e.station(t)
		announce(t, b, late)
		pass(time.Second)
		if _, ok := v.get(late.ID); !ok {
			t.Error("who started late is not seen")
		}
		pass(20 * time.Minute)
		if v.size() != 2 || len(v.of(discovery.Removed)) > 0 || len(v.of(discovery.Updated)) > 0 {
			t.Errorf("%d instances, %v", v.size(), v.events)
		}
	})
}

// Records in packets of their own are joined, and what is missing is asked for,
// a few times.
func TestSplitAnswers(t *testing.T) {
	watched(t, func(t *testing.T, e *ether, _ *Backend, v *view) {
		pass(2 * time.Second)
		s := newStranger()
		mark := e.carried()
		asked := func() string {
			pass(400 * time.Millisecond)
			all := ""
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, c := range e.log[mark:] {
				if c.msg == nil || c.msg.Response {
					continue
				}
				for _, q := range c.msg.Question {
					if q.Name != serviceType {
						all += dns.TypeToString[q.Qtype] + " "
					}
				}
			}
			mark = len(e.log)
			return all
		}
		e.inject(t, strangerAt, answers(s.addresses()...)) // of nobody known: not kept
		e.inject(t, strangerAt, answers(s.ptr()))
		if got := asked(); got != "SRV TXT " {
			t.Errorf("asked %q after PTR", got)
		}
		e.inject(t, strangerAt, answers(s.text()))
		pass(time.Second)
		if got := asked(); got != "SRV " {
			t.Errorf("asked %q after TXT", got)
		}
		e.inject(t, strangerAt, answers(s.srv()))
		pass(3 * time.Second)
		if got := asked(); got != "A AAAA " {
			t.Errorf("asked %q after SRV", got)
		}
		if v.size() != 0 {
			t.Error("told before it was whole")
		}
		e.inject(t, strangerAt, answers(s.addresses()...))
		synctest.Wait()
		if in, ok := v.get(s.id); !ok || !slices.Equal(in.Endpoints, []string{"tcp://192.0.2.99:9000"}) {
			t.Errorf("seen %v", in)
		}
		silent := newStranger()
		e.inject(t, strangerAt, answers(silent.ptr()))
		mark = e.carried()
		pass(time.Minute)
		if n := strings.Count(asked(), "TXT"); n < 2 || n > maxAsks {
			t.Errorf("asked %d times for what never came", n)
		}
	})
}

// The browser says only a name: the rest is asked for.
func TestHint(t *testing.T) {
	watched(t, func(t *testing.T, e *ether, b *Backend, v *view) {
		a, _ := e.station(t)
		in := order()
		e.mu.Lock()
		e.lose = func(_, _ netip.Addr, data []byte) bool { // no PTR ever arrives
			m := new(dns.Msg)
			return m.Unpack(data) == nil && m.Response && m.Answer[0].Header().Rrtype == dns.TypePTR
		}
		e.mu.Unlock()
		announce(t, a, in)
		pass(5 * time.Second)
		if v.size() != 0 {
			t.Fatal("the test loses nothing")
		}
		for _, name := range []string{"nonsense", strings.Repeat("0", 32), in.ID.String()} {
			b.station.hint(name)
		}
		pass(time.Second)
		if _, ok := v.get(in.ID); !ok {
			t.Error("not found")
		}
	})
}

// What an instance says can change, and where it is.
func TestRestartElsewhere(t *testing.T) {
	watched(t, func(t *testing.T, e *ether, _ *Backend, v *view) {
		s := newStranger()
		e.inject(t, strangerAt, s.all())
		s.host, s.port = "other.local.", 9001
		e.inject(t, strangerAt, s.all())
		synctest.Wait()
		if in, _ := v.get(s.id); !slices.Equal(in.Endpoints, []string{"tcp://192.0.2.99:9001"}) {
			t.Errorf("reached at %v, want port 9001", in.Endpoints)
		}
		if len(v.of(discovery.Warning)) > 0 {
			t.Error("a restart is no conflict")
		}
	})
}

// Of two who say they are one instance the first is kept, and a warning given.
func TestConflict(t *testing.T) {
	watched(t, func(t *testing.T, e *ether, b *Backend, v *view) {
		one := newStranger()
		two := one
		two.host, two.port, two.ips = "other.local.", 9001, []string{"192.0.2.98"}
		bye := two
		bye.ttl = 0
		for range 10 {
			e.inject(t, strangerAt, one.all())
			pass(time.Second)
			e.inject(t, "192.0.2.98:5353", two.all())
			pass(time.Second)
			e.inject(t, "192.0.2.98:5353", answers(two.text()))
		}
		e.inject(t, "192.0.2.98:5353", bye.all())
		e.inject(t, "192.0.2.98:5353", answers(bye.ptr()))
		synctest.Wait()
		if in, ok := v.get(one.id); !ok || !slices.Equal(in.Endpoints, []string{"tcp://192.0.2.99:9000"}) {
			t.Errorf("reached at %v, want where it was first", in.Endpoints)
		}
		if n := len(v.of(discovery.Updated)); n > 2 {
			t.Errorf("%d updates", n)
		}
		warnings := v.of(discovery.Warning)
		if len(warnings) == 0 || len(warnings) > 4 || !errors.Is(warnings[0].Err, discovery.ErrConflict) || warnings[0].Instance.ID != one.id {
			t.Errorf("warnings: %v", warnings)
		}

		mine := order()
		announce(t, b, mine)
		pass(20 * time.Second)
		thief := newStranger()
		thief.id = mine.ID
		e.inject(t, strangerAt, thief.all())
		synctest.Wait()
		if in, _ := v.get(mine.ID); in.Endpoints[0] != "tcp://192.0.2.1:5555" {
			t.Errorf("our own instance is at %v", in.Endpoints)
		}
		if n := len(v.of(discovery.Warning)); n != len(warnings)+1 {
			t.Errorf("%d warnings, want one more than %d", n, len(warnings))
		}
	})
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		name string
		ips  []string
		txt  []string
		port uint16
		want []string
	}{
		{name: "own subnet first", ips: []string{"2001:db8::9", "203.0.113.1", "192.0.2.9"}, want: []string{"tcp://192.0.2.9:9000", "tcp://203.0.113.1:9000", "tcp://[2001:db8::9]:9000"}},
		{name: "link-local", ips: []string{"192.0.2.9", "fe80::9"}, want: []string{"tcp://192.0.2.9:9000", "tcp://[fe80::9%eth0]:9000"}},
		{name: "nobody's", ips: []string{"127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "192.0.2.9"}, want: []string{"tcp://192.0.2.9:9000"}},
		{name: "only four", ips: []string{"192.0.2.9", "2001:db8::9"}, txt: []string{"e0=tcp://0.0.0.0:7"}, want: []string{"tcp://192.0.2.9:7"}},
		{name: "named ones", txt: []string{
			"e0=tcp://127.0.0.1:1", "e1=tcp://host.example:2", "e2=ipc:///run/x", "e3=tcp://localhost:3", "e4=tcp://[fe80::1%en9]:4",
			"e5=tcp://224.0.0.1:5", "e6=tcp://a.localhost.:6", "e7=tcp://[::ffff:127.0.0.1]:7",
		}, want: []string{"tcp://host.example:2", "ipc:///run/x", "tcp://[fe80::1%eth0]:4"}},
		{name: "too many", ips: []string{
			"192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16", "192.0.2.17", "192.0.2.18", "192.0.2.19",
		}, want: []string{
			"tcp://192.0.2.11:9000", "tcp://192.0.2.12:9000", "tcp://192.0.2.13:9000", "tcp://192.0.2.14:9000",
			"tcp://192.0.2.15:9000", "tcp://192.0.2.16:9000", "tcp://192.0.2.17:9000", "tcp://192.0.2.18:9000",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched(t, func(t *testing.T, e *ether, _ *Backend, v *view) {
				s := newStranger()
				s.ips, s.txt = c.ips, append([]string{"svc=orders"}, c.txt...)
				e.inject(t, strangerAt, s.all())
				synctest.Wait()
				if in, ok := v.get(s.id); !ok || !slices.Equal(in.Endpoints, c.want) {
					t.Errorf("reached at %q, want %q", in.Endpoints, c.want)
				}
			})
		})
	}
}

// An address that is not repeated is replaced by what flushes the cache, and
// otherwise ends with its TTL.
func TestAddressesChange(t *testing.T) {
	watched(t, func(t *testing.T, e *ether, _ *Backend, v *view) {
		s := newStranger()
		e.inject(t, strangerAt, s.all())
		pass(2 * time.Second)
		s.ips = []string{"192.0.2.100"}
		m := s.all()
		m.Answer[3].Header().Class |= cacheFlush
		e.inject(t, strangerAt, m)
		synctest.Wait()
		if in, _ := v.get(s.id); fmt.Sprint(in.Endpoints) != "[tcp://192.0.2.100:9000]" {
			t.Errorf("after a flush: %v", in.Endpoints)
		}
		s.ips, s.ttl = []string{"192.0.2.101"}, 5
		e.inject(t, strangerAt, answers(s.addresses()...))
		synctest.Wait()
		if in, _ := v.get(s.id); len(in.Endpoints) != 2 {
			t.Errorf("with a second address: %v", in.Endpoints)
		}
		pass(7 * time.Second)
		if in, _ := v.get(s.id); fmt.Sprint(in.Endpoints) != "[tcp://192.0.2.100:9000]" {
			t.Errorf("after its TTL: %v", in.Endpoints)
		}
		s.ips, s.ttl = []string{"192.0.2.100", "192.0.2.102"}, 0
		e.inject(t, strangerAt, answers(s.addresses()...))
		synctest.Wait()
		if in, ok := v.get(s.id); !ok || len(in.Endpoints) != 1 {
			t.Errorf("without any address: %v, want it as it was last reached", in.Endpoints)
		}
	})
}
