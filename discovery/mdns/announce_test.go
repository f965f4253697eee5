package mdns

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// types returns the types of the records of a section, with their TTL if it
// is not 120.
func types(all []dns.RR) string {
	s := ""
	for _, rr := range all {
		s += dns.TypeToString[rr.Header().Rrtype]
		if rr.Header().Ttl == 0 {
			s += "-"
		}
		s += " "
	}
	return s
}

// An instance is announced twice, a second apart, and taken back twice; the
// addresses of the host go with the last instance, for another may need them.
func TestAnnounceAndGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		b, n := e.station(t)
		first, second := order(), order()
		second.Service = "Not a label"
		a := announce(t, b, first)
		start := time.Now()
		pass(10 * time.Second)
		got := e.since(0, n.addr)
		if len(got) != 2 || got[0].at.Sub(start) > 100*time.Millisecond || got[1].at.Sub(got[0].at) != time.Second {
			t.Fatalf("announced %d times, want twice, soon and a second apart", len(got))
		}
		if s := types(got[0].msg.Answer) + "+ " + types(got[0].msg.Extra); s != "PTR PTR SRV TXT + A " { //nolint:dupword // there are two
			t.Errorf("announced %q", s)
		}
		for _, rr := range got[0].msg.Answer[2:] {
			if rr.Header().Class != dns.ClassINET|cacheFlush || rr.Header().Ttl != 120 {
				t.Errorf("class and TTL of %v: want the cache to be flushed, for 120 s", rr)
			}
		}
		other := announce(t, b, second)
		pass(10 * time.Second)
		mark := e.carried()
		a.Close()
		pass(10 * time.Second)
		got = e.since(mark, n.addr)
		if len(got) != 2 || types(got[0].msg.Answer) != "PTR- SRV- TXT- PTR- " {
			t.Fatalf("said goodbye %d times, with %q", len(got), types(got[0].msg.Answer))
		}
		mark = e.carried()
		other.Close()
		pass(10 * time.Second)
		if got = e.since(mark, n.addr); len(got) != 2 || types(got[0].msg.Answer) != "PTR- SRV- TXT- A- " {
			t.Fatalf("the last one said goodbye %d times, with %q", len(got), types(got[0].msg.Answer))
		}
	})
}

// Closing the backend says goodbye for all, and is heard within a second.
func TestCloseSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a, _ := e.station(t)
		b, _ := e.station(t)
		v := watch(t, b, "orders")
		for range 30 {
			announce(t, a, order())
		}
		pass(3 * time.Second)
		if v.size() != 30 {
			t.Fatalf("%d instances, want 30", v.size())
		}
		a.Close()
		synctest.Wait()
		if v.size() != 0 {
			t.Fatalf("%d instances after goodbye", v.size())
		}
		for _, e := range v.of(discovery.Removed) {
			if !errors.Is(e.Err, discovery.ErrLeft) {
				t.Errorf("removed because of %v", e.Err)
			}
		}
	})
}

// However often an instance changes, it is announced once a second.
func TestUpdatesAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a, n := e.station(t)
		b, _ := e.station(t)
		v := watch(t, b, "")
		in := order()
		ann := announce(t, a, in)
		pass(3 * time.Second)
		mark := e.carried()
		for i := range 500 {
			in.Metadata = map[string]string{"load": time.Duration(i).String()}
			if i == 499 {
				in.Service = "deliveries" // and no longer of the subtype
			}
			if err := ann.Update(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Millisecond)
		}
		pass(3 * time.Second)
		if got, ok := v.get(in.ID); !ok || got.Service != "deliveries" || got.Metadata["load"] != "499ns" {
			t.Errorf("seen %v, want the last change", got)
		}
		sent := e.since(mark, n.addr)
		if len(sent) > 12 {
			t.Errorf("%d packets for 500 changes in 5 s", len(sent))
		}
		goodbyes := 0
		for _, p := range sent {
			if types(p.msg.Answer) == "PTR- " {
				goodbyes++
			}
		}
		if goodbyes != 2 {
			t.Errorf("the subtype was taken back %d times, want 2", goodbyes)
		}
		if n := len(v.of(discovery.Removed)); n != 0 {
			t.Errorf("removed %d times", n)
		}
	})
}

// An instance that is announced again at once is not taken back by the goodbye
// of before, whether it is on the same host or another.
func TestGoodbyeOfBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a, _ := e.station(t)
		b, _ := e.station(t)
		w, _ := e.station(t)
		v := watch(t, w, "")
		in := order()
		for i, next := range []*Backend{a, a, b, a} {
			ann := announce(t, next, in)
			pass(200 * time.Millisecond)
			if i < 3 {
				ann.Close()
			}
		}
		pass(3 * time.Second)
		if _, ok := v.get(in.ID); !ok {
			t.Error("the instance is gone")
		}
		// A goodbye that comes late, from the host before.
		m := response()
		o, err := newOffer(in)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = farewell([]dns.RR{o.record(kindPTR, ""), o.record(kindSRV, "before.local.")})
		e.inject(t, "192.0.2.99:5353", m)
		synctest.Wait()
		if _, ok := v.get(in.ID); !ok {
			t.Error("the host before took the instance along")
		}
	})
}

// A new link hears of our instances, and questions; a link that has gone does
// not make others expire.
func TestLinksChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		a, na := e.station(t)
		b, nb := e.station(t)
		va, vb := watch(t, a, ""), watch(t, b, "")
		ia, ib := order(), order()
		announce(t, a, ia)
		announce(t, b, ib)
		pass(3 * time.Second)
		na.change <- nil
		pass(100 * time.Second)
		if _, ok := va.get(ib.ID); !ok {
			t.Error("what was known expired while the cable was out")
		}
		mark := e.carried()
		nb.change <- nil
		pass(time.Second)
		na.change <- nil
		addr := netip.MustParseAddr("192.0.2.77")
		na.mu.Lock()
		na.addr = addr
		na.mu.Unlock()
		na.change <- []lan.Link{link(addr)}
		nb.change <- []lan.Link{link(nb.addr)}
		pass(2 * time.Second)
		if got, _ := vb.get(ia.ID); len(got.Endpoints) == 0 || got.Endpoints[0] != "tcp://192.0.2.77:5555" {
			t.Errorf("after the address changed: %v", got.Endpoints)
		}
		if len(e.since(mark, addr)) == 0 {
			t.Error("not announced again")
		}
		if n := len(va.of(discovery.Removed)); n > 0 {
			t.Errorf("%d were removed for want of a cable", n)
		}
		na.change <- nil
		pass(5 * time.Minute)
		if va.size() != 0 {
			t.Errorf("%d instances after five minutes without a link", va.size())
		}
	})
}

// TestUnsent: what cannot be sent is told of, once in a while and with how often.
func TestUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		b, n := e.station(t)
		n.broken = errors.New("no buffer space")
		v := watch(t, b, "")
		announce(t, b, order())
		pass(2 * time.Second)
		if got := v.of(discovery.Warning); len(got) != 1 || !strings.Contains(got[0].Err.Error(), "no buffer space") {
			t.Fatalf("warnings %v, want one that says why", got)
		}
		pass(warnEvery)
		announce(t, b, order())
		pass(2 * time.Second)
		if got := v.of(discovery.Warning); len(got) != 2 || !strings.Contains(got[1].Err.Error(), "more since the last warning") {
			t.Fatalf("warnings %v, want another one, and how many there were", got)
		}
	})
}
