package mdns

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// questions returns when the rounds of a station asked.
func (n *nic) questions() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.asked)
}

// Rounds begin soon and follow each other less and less often; a watch begins
// anew, and without one nothing is asked.
func TestRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		b, n := e.station(t)
		announce(t, b, order())
		pass(time.Hour)
		if got := n.questions(); len(got) > 0 {
			t.Fatalf("asked %d times for nobody", len(got))
		}
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		w, err := b.Watch(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Minute)
		got := n.questions()
		if d := got[0].Sub(start); d < 20*time.Millisecond || d > 120*time.Millisecond {
			t.Errorf("first asked after %v", d)
		}
		want := time.Second
		for i, at := range got[1:] {
			if d := at.Sub(got[i]); d < want*8/10 || d > want*12/10+b.station.listen {
				t.Errorf("round %d came after %v, want about %v", i+1, d, want)
			}
			want = min(2*want, 30*time.Second)
		}
		again := len(got)
		watch(t, b, "bills")
		pass(3 * time.Second)
		if n := len(n.questions()) - again; n < 2 {
			t.Errorf("asked %d times for a new watcher", n)
		}
		cancel()
		synctest.Wait()
		if _, err := w.Next(context.Background()); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

// However many watch, one question a second is asked.
func TestManyWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		b, n := e.station(t)
		for range 100 {
			watch(t, b, "orders")
			pass(20 * time.Millisecond)
		}
		if got := n.questions(); len(got) > 3 {
			t.Errorf("asked %d times in 2 s", len(got))
		}
	})
}

// Who has just heard the question does not ask it: not when its answers come,
// and twice when they do not.
func TestRoundsAreShared(t *testing.T) {
	for _, c := range []struct {
		name      string
		from      string
		change    func(*dns.Msg)
		low, high int
	}{
		{"from another", "192.0.2.99:5353", nil, 0, 3},
		{"from another process of this host", "192.0.2.1:5353", nil, 0, 3},
		{"with known answers", "192.0.2.99:5353", func(m *dns.Msg) { m.Answer = newStranger().all().Answer }, 10, 14},
		{"for a unicast answer", "192.0.2.99:5353", func(m *dns.Msg) { m.Question[0].Qclass |= wantsUnicast }, 10, 14},
		{"from an old resolver", "192.0.2.99:60000", nil, 10, 14},
		{"another question", "192.0.2.99:5353", func(m *dns.Msg) { m.Question[0].Name = "_http._tcp.local." }, 10, 14},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e ether
				b, n := e.station(t)
				a, _ := e.station(t)
				announce(t, a, order())
				pass(time.Second)
				watch(t, b, "")
				m := ask(serviceType, dns.TypePTR)
				if c.change != nil {
					c.change(m)
				}
				for range 200 {
					e.inject(t, c.from, m)
					pass(time.Second)
				}
				if got := len(n.questions()); got < c.low || got > c.high {
					t.Errorf("asked %d times in 200 s, want %d to %d", got, c.low, c.high)
				}
			})
		})
	}
	t.Run("answers do not come", func(t *testing.T) {
		watched(t, func(t *testing.T, e *ether, b *Backend, v *view) {
			s := newStranger()
			s.ttl = 4500
			e.inject(t, strangerAt, s.all())
			for range 300 {
				e.inject(t, "192.0.2.98:5353", ask(serviceType, dns.TypePTR))
				pass(time.Second)
			}
			if v.size() != 0 {
				t.Error("who answers nobody is still there")
			}
		})
	})
}

// Fifty that start at once make fewer than 200 packets in any second, and know
// each other soon; and later they are quiet.
func TestFiftyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		const n = 50
		var views []*view
		for range n {
			b, _ := e.station(t)
			announce(t, b, order())
			views = append(views, watch(t, b, "orders"))
		}
		all := func() bool {
			return !slices.ContainsFunc(views, func(v *view) bool { return v.size() != n })
		}
		start := time.Now()
		for !all() && time.Since(start) < 10*time.Second {
			pass(10 * time.Millisecond)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("all know all after %v", d)
		} else {
			t.Logf("all know all after %v", d)
		}
		pass(3 * time.Minute)
		worst, late := 0, 0
		for i, c := range e.log {
			j := i
			for j < len(e.log) && e.log[j].at.Sub(c.at) < time.Second {
				j++
			}
			worst = max(worst, j-i)
			if c.at.Sub(start) > time.Minute {
				late++
			}
		}
		t.Logf("%d packets in the worst second, %.2f a second later on", worst, float64(late)/120)
		if worst >= 200 {
			t.Errorf("%d packets in a second", worst)
		}
		if late > 120*10 {
			t.Errorf("%d packets in 2 minutes, when nothing happens", late)
		}
		for _, v := range views {
			if len(v.of(discovery.Removed)) > 0 {
				t.Error("somebody was removed")
			}
		}
	})
}

// Fresh nodes know each other within about a second, whenever they start.
func TestFreshNodes(t *testing.T) {
	for _, apart := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond, 900 * time.Millisecond, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			var e ether
			a, _ := e.station(t)
			announce(t, a, order())
			va := watch(t, a, "orders")
			pass(apart)
			start := time.Now()
			b, _ := e.station(t)
			announce(t, b, order())
			vb := watch(t, b, "orders")
			for (va.size() != 2 || vb.size() != 2) && time.Since(start) < 10*time.Second {
				pass(time.Millisecond)
			}
			if d := time.Since(start); d > 1200*time.Millisecond {
				t.Errorf("%v apart: known after %v", apart, d)
			}
		})
	}
}

// A browser that fails is told of, now and then, and the rest works.
func TestBrowserFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		failed := errors.New("no descriptors left")
		b, _ := e.station(t)
		b.station.mu.Lock()
		b.station.browse = func(context.Context, []lan.Link, func(string)) error { return failed }
		b.station.mu.Unlock()
		v := watch(t, b, "")
		in := order()
		announce(t, b, in)
		pass(time.Minute)
		warnings := v.of(discovery.Warning)
		if len(warnings) < 2 || len(warnings) > 8 || !errors.Is(warnings[0].Err, failed) {
			t.Errorf("warnings %v", warnings)
		}
		if _, ok := v.get(in.ID); !ok {
			t.Error("not found")
		}
	})
}

// deafNIC joins no group.
type deafNIC struct {
	*nic
	why error
}

func (d deafNIC) join([]lan.Link) error { return d.why }

// Whoever watches learns that nobody can be heard, though that was so before.
func TestDeafFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("no group may be joined here")
		n := &nic{ether: &ether{}}
		b, err := New(func(c *config) {
			c.open = func(func(packet)) (network, error) { return deafNIC{n, why}, nil }
			c.browse = func(context.Context, []lan.Link, func(string)) error { return nil }
			c.links = func(lan.Options) ([]lan.Link, []lan.Refused, error) { return []lan.Link{link(n.addr)}, nil, nil }
			c.watch = func(ctx context.Context, _ time.Duration, _ lan.Options, _ func([]lan.Link)) { <-ctx.Done() }
		})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		for range 2 {
			v := watch(t, b, "")
			pass(time.Second)
			if warnings := v.of(discovery.Warning); len(warnings) == 0 || !errors.Is(warnings[0].Err, why) {
				t.Errorf("warnings %v", warnings)
			}
		}
	})
}

func TestNewWithoutInterface(t *testing.T) {
	_, err := New(func(c *config) {
		c.links = func(lan.Options) ([]lan.Link, []lan.Refused, error) {
			l := lan.Link{Interface: net.Interface{Index: 3, Name: "eth3", Flags: net.FlagUp}}
			return []lan.Link{l}, []lan.Refused{{Name: "lo", Reason: "loopback"}}, nil
		}
	})
	var e *NoInterfaceError
	if !errors.Is(err, ErrNoInterface) || !errors.As(err, &e) || len(e.Interfaces) != 2 {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"lo: loopback", "eth3: no multicast", "WithInterfaces", "discovery/static", "discovery/dnssrv", "discovery/gossip"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q says nothing of %q", err, want)
		}
	}
	if _, err := New(WithInterfaces("there is none")); !errors.Is(err, ErrNoInterface) {
		t.Errorf("error %v for an interface that is not there", err)
	}
	for _, o := range []Option{WithMaxInstances(0), WithRound(time.Millisecond, time.Second), WithRound(time.Minute, time.Second), WithRound(time.Second, 2*time.Hour)} {
		if _, err := New(o); err == nil || errors.Is(err, ErrNoInterface) {
			t.Errorf("error %v for an option out of range", err)
		}
	}
	if s := (&NoInterfaceError{}).Error(); !strings.Contains(s, "none at all") {
		t.Errorf("without any interface: %q", s)
	}
}
