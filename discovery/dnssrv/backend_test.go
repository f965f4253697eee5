package dnssrv

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/miekg/dns"
)

// A follower is a backend on a zone in memory, and a watcher of it, in a bubble.
type follower struct {
	*testing.T
	zone    *zone
	backend *Backend
	watcher *discovery.Watcher
}

func follow(t *testing.T, z *zone, name string, opts ...Option) *follower {
	t.Helper()
	s, err := newSettings(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	r := &resolver{settings: s, client: client{timeout: s.timeout, dial: z.dial}}
	r.settings.servers = []string{"192.0.2.53:53"}
	b := newBackend(s, r)
	w, err := b.Watch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{t, z, b, w}
	f.expect(discovery.Synced, "")
	b.start()
	t.Cleanup(func() { b.Close() })
	return f
}

// expect wants an event of the kind, about the endpoint unless it is empty.
func (f *follower) expect(kind discovery.Kind, endpoint string) discovery.Event {
	f.Helper()
	e, err := f.watcher.Next(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	if e.Kind != kind || endpoint != "" && strings.Join(e.Instance.Endpoints, " ") != endpoint {
		f.Fatalf("event %q, instance %+v, want %s %s", e, e.Instance, kind, endpoint)
	}
	return e
}

const (
	srvA  = "_orders._tcp.example. 10 SRV 1 5 1000 a.example."
	srvB  = "_orders._tcp.example. 10 SRV 0 7 2000 b.example."
	hostA = "a.example. 60 A 192.0.2.1"
	hostB = "b.example. 60 AAAA 2001:db8::1"
)

// The zone is asked again when the records' time to live is over.
func TestRoundsFollowTTL(t *testing.T) {
	for _, test := range []struct {
		ttl         int
		opts        []Option
		least, most time.Duration
	}{
		{ttl: 0, least: time.Second, most: 1100 * time.Millisecond},
		{ttl: 10, least: 10 * time.Second, most: 11 * time.Second},
		{ttl: 3600, least: 27 * time.Second, most: 30 * time.Second},
		{ttl: 3600, opts: []Option{WithMaxAge(4 * time.Second)}, least: 3600 * time.Millisecond, most: 4 * time.Second},
		{ttl: 3600, opts: []Option{WithMaxAge(100 * time.Millisecond)}, least: 90 * time.Millisecond, most: 100 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(test.ttl, len(test.opts)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := new(zone)
				z.set(t, fmt.Sprintf("orders.example. %d A 192.0.2.1", test.ttl))
				f := follow(t, z, "orders.example", append(test.opts, WithPort(5555))...)
				f.expect(discovery.Added, "tcp://192.0.2.1:5555")
				began := time.Now()
				z.set(t, fmt.Sprintf("orders.example. %d A 192.0.2.2", test.ttl))
				if e := f.expect(discovery.Removed, "tcp://192.0.2.1:5555"); !errors.Is(e.Err, discovery.ErrLeft) {
					t.Errorf("removed with reason %v, want ErrLeft", e.Err)
				}
				f.expect(discovery.Added, "tcp://192.0.2.2:5555")
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("asked again after %v, want %v to %v", took, test.least, test.most)
				}
			})
		})
	}
}

// While there is nobody, whoever comes is found within 5 s.
func TestNobody(t *testing.T) {
	for name, line := range map[string]string{
		"NXDOMAIN":    "other.example. 5 A 192.0.2.1",
		"NoAddresses": "orders.example. 3600 TXT none",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := new(zone)
				z.set(t, line)
				f := follow(t, z, "orders.example", WithPort(5555))
				synctest.Wait()
				began := time.Now()
				z.set(t, "orders.example. 3600 AAAA 2001:db8::7")
				f.expect(discovery.Added, "tcp://[2001:db8::7]:5555")
				if took := time.Since(began); took > 5500*time.Millisecond {
					t.Errorf("seen after %v", took)
				}
				z.set(t)
				f.expect(discovery.Removed, "")
			})
		})
	}
}

func TestSRVFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := new(zone)
		z.set(t, srvA, srvB, hostA, hostB, "a.example. 60 AAAA 2001:db8::9", "a.example. 60 A 127.0.0.1")
		f := follow(t, z, "_orders._tcp.example", WithService("bills"), WithSocketType("PULL"), WithRealm("plant"))
		seen := make(map[string]discovery.Instance)
		for range 2 {
			e := f.expect(discovery.Added, "")
			seen[e.Instance.Name] = e.Instance
		}
		s := f.backend.settings
		for name, want := range map[string]discovery.Instance{
			"a.example": {
				Endpoints: []string{"tcp://127.0.0.1:1000", "tcp://192.0.2.1:1000", "tcp://[2001:db8::9]:1000"},
				Metadata:  map[string]string{"priority": "1", "weight": "5"},
				ID:        s.instance("_orders._tcp.example.", "a.example.", "1000").ID,
			},
			"b.example": {
				Endpoints: []string{"tcp://[2001:db8::1]:2000"},
				Metadata:  map[string]string{"priority": "0", "weight": "7"},
				ID:        s.instance("_orders._tcp.example.", "b.example.", "2000").ID,
			},
		} {
			want.Name, want.Service, want.SocketType, want.Realm, want.Version = name, "bills", "PULL", "plant", discovery.Version
			if got := seen[name]; !got.Equal(&want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		// Another weight is a change of the same instance, and letters of
		// another case none at all.
		z.set(t, srvA, strings.Replace(srvB, " 7 ", " 8 ", 1), strings.ToUpper(hostA), hostB, "a.example. 60 AAAA 2001:db8::9", "a.example. 60 A 127.0.0.1")
		if e := f.expect(discovery.Updated, ""); e.Instance.Name != "b.example" || e.Instance.Metadata["weight"] != "8" {
			t.Errorf("updated to %+v, want weight 8 of b.example", e.Instance)
		}
	})
}

// Servers that fail take nothing away, and are asked less and less often.
func TestFailureKeepsAll(t *testing.T) {
	for name, change := range map[string]func(question, answer *dns.Msg) *dns.Msg{
		"SERVFAIL": rcode(dns.RcodeServerFailure),
		"REFUSED":  rcode(dns.RcodeRefused),
		"Silence":  func(*dns.Msg, *dns.Msg) *dns.Msg { return nil },
		"Garbage":  func(q, a *dns.Msg) *dns.Msg { a.Question[0].Name = "other.example."; return a },
		"OtherID":  func(q, a *dns.Msg) *dns.Msg { a.Id++; return a },
		"NoAnswer": func(q, a *dns.Msg) *dns.Msg { a.Response = false; return a },
		"Referral": func(q, _ *dns.Msg) *dns.Msg {
			a := new(dns.Msg).SetReply(q)
			a.Ns = append(a.Ns, &dns.NS{Hdr: dns.RR_Header{Name: "example.", Rrtype: dns.TypeNS, Class: dns.ClassINET}, Ns: "ns.example."})
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := new(zone)
				z.set(t, srvA, hostA)
				f := follow(t, z, "_orders._tcp.example")
				f.expect(discovery.Added, "tcp://192.0.2.1:1000")
				z.answers(change)
				e := f.expect(discovery.Warning, "")
				if e.Err == nil || !strings.Contains(e.Err.Error(), "_orders._tcp.example") {
					t.Errorf("warning %v, want the name in it", e.Err)
				}
				z.questions()
				<-time.After(10 * time.Minute)
				if n := len(z.questions()); n < 10 || n > 100 {
					t.Errorf("%d questions in 10 minutes of failure, want some, and not many", n)
				}
				z.answers(nil)
				z.set(t, srvA, hostA, srvB, hostB)
				f.expect(discovery.Added, "tcp://[2001:db8::1]:2000") // nothing before that: one Warning, no Removed
				z.answers(change)
				f.expect(discovery.Warning, "") // another failure
			})
		})
	}
}

// What cannot be told of one target says nothing of it, and hurts no other.
func TestPartialFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := new(zone)
		z.set(t, srvA, hostA, srvB, hostB)
		f := follow(t, z, "_orders._tcp.example")
		f.expect(discovery.Added, "")
		f.expect(discovery.Added, "")
		z.answers(func(q, a *dns.Msg) *dns.Msg {
			if strings.HasPrefix(q.Question[0].Name, "a.") {
				return new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
			}
			return a
		})
		z.set(t, srvA, hostA, srvB, strings.Replace(hostB, "::1", "::2", 1))
		if e := f.expect(discovery.Warning, ""); errors.Is(e.Err, discovery.ErrMalformed) || !strings.Contains(e.Err.Error(), "a.example.") {
			t.Errorf("warning %v, want one about a.example", e.Err)
		}
		f.expect(discovery.Updated, "tcp://[2001:db8::2]:2000")
		z.set(t, srvB, hostB)
		f.expect(discovery.Removed, "tcp://192.0.2.1:1000")
	})
	synctest.Test(t, func(t *testing.T) {
		z := new(zone)
		z.set(t, "orders.example. 10 A 192.0.2.1", "orders.example. 10 AAAA 2001:db8::1")
		f := follow(t, z, "orders.example", WithPort(7))
		f.expect(discovery.Added, "")
		f.expect(discovery.Added, "")
		z.answers(func(q, a *dns.Msg) *dns.Msg {
			if q.Question[0].Qtype == dns.TypeAAAA {
				return new(dns.Msg).SetRcode(q, dns.RcodeNotImplemented)
			}
			return a
		})
		z.set(t, "orders.example. 10 A 192.0.2.2")
		f.expect(discovery.Warning, "")
		f.expect(discovery.Removed, "tcp://192.0.2.1:7") // and not the other
		f.expect(discovery.Added, "tcp://192.0.2.2:7")
	})
}

func TestNewRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		name string
		opt  Option
	}{
		"no name":     {name: ""},
		"root":        {name: "."},
		"long label":  {name: strings.Repeat("a", 64) + ".example"},
		"port":        {name: "a.example", opt: WithPort(0)},
		"server":      {name: "a.example", opt: WithServer("ns.example:53")},
		"age":         {name: "a.example", opt: WithMaxAge(0)},
		"timeout":     {name: "a.example", opt: WithTimeout(-1)},
		"service":     {name: "a.example", opt: WithService("\xff")},
		"long realm":  {name: "a.example", opt: WithRealm(strings.Repeat("r", discovery.MaxName+1))},
		"socket type": {name: "a.example", opt: WithSocketType("\xff")},
	} {
		opts := []Option{WithServer("127.0.0.1")}
		if test.opt != nil {
			opts = append(opts, test.opt)
		}
		if b, err := New(test.name, opts...); err == nil {
			b.Close()
			t.Errorf("%s: no error", name)
		}
	}
	for given, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5353": "192.0.2.1:5353", "::1": "[::1]:53", "[::1]": "[::1]:53",
		"[fe80::1%eth0]:53": net.JoinHostPort("fe80::1%eth0", "53"),
	} {
		s, err := newSettings("a.example", []Option{WithServer(given)})
		if err != nil || s.servers[0] != want {
			t.Errorf("server %q: %v, %v, want %q", given, s.servers, err, want)
		}
	}
}
