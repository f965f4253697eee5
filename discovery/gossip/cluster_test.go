package gossip

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

const patience = 20 * time.Second

// fast makes a cluster that gossips often and gives up soon.
func fast(s *settings) error {
	c := s.config
	c.GossipInterval, c.GossipToTheDeadTime = 20*time.Millisecond, 300*time.Millisecond
	c.ProbeInterval, c.ProbeTimeout = 400*time.Millisecond, 200*time.Millisecond
	c.PushPullInterval, c.TCPTimeout = time.Second, time.Second
	return nil
}

// start starts a node on loopback, and closes it with the test.
func start(t testing.TB, opts ...Option) *Backend {
	t.Helper()
	b, err := New(append([]Option{WithBind("127.0.0.1:0"), fast}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// kill ends a node as if its process had been killed: without a word.
func (b *Backend) kill() {
	b.once.Do(func() {
		b.cancel()
		b.transport.Shutdown()
		b.state.catalog.Close(nil)
		b.loops.Wait()
		b.list.Shutdown()
	})
}

func announce(t *testing.T, b *Backend, in discovery.Instance) discovery.Announcement {
	t.Helper()
	a, err := b.Announce(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func watch(t *testing.T, b *Backend) *discovery.Watcher {
	t.Helper()
	w, err := b.Watch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// until takes events until one of the kind is about the instance, or, if it is
// a Warning, is of the error.
func until(t *testing.T, w *discovery.Watcher, k discovery.Kind, id discovery.ID, why error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var seen []discovery.Event
	for {
		e, err := w.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %s of %s (%v): %v after %v", k, id, why, err, seen)
		}
		seen = append(seen, e)
		if e.Kind != k || e.Instance.ID != id && k != discovery.Warning || k == discovery.Warning && !errors.Is(e.Err, why) {
			continue
		}
		if !errors.Is(e.Err, why) {
			t.Fatalf("event %v: want the reason %v", e, why)
		}
		return
	}
}

func TestClusters(t *testing.T) {
	for name, c := range map[string]struct {
		nodes   int
		profile Option
	}{
		"3":        {3, fast},
		"10 local": {10, WithProfile(Local)},
		"10 lan":   {10, WithProfile(LAN)},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			var nodes []*Backend
			var watchers []*discovery.Watcher
			var all []discovery.Instance
			for i := range c.nodes {
				opts := []Option{c.profile}
				if i > 0 {
					opts = append(opts, WithSeeds(nodes[0].Addr()))
				}
				b := start(t, opts...)
				in := instance("orders")
				announce(t, b, in)
				nodes, all, watchers = append(nodes, b), append(all, in), append(watchers, watch(t, b))
			}
			for _, w := range watchers {
				missing := slices.Clone(all)
				for len(missing) > 0 {
					e, err := w.Next(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if e.Kind == discovery.Added {
						missing = slices.DeleteFunc(missing, func(in discovery.Instance) bool { return in.ID == e.Instance.ID })
					}
				}
			}
			t.Logf("all know all after %v", time.Since(began))

			began = time.Now()
			late, in := start(t, c.profile, WithSeeds(nodes[1].Addr())), instance("orders")
			announce(t, late, in)
			for _, w := range watchers {
				until(t, w, discovery.Added, in.ID, nil)
			}
			t.Logf("start of one more -> Added by all: %v", time.Since(began))

			began = time.Now()
			in2 := instance("bills")
			announce(t, late, in2)
			for _, w := range watchers {
				until(t, w, discovery.Added, in2.ID, nil)
			}
			t.Logf("Announce -> Added by all: %v", time.Since(began))

			began = time.Now()
			done := make(chan struct{})
			go func() { late.Close(); close(done) }()
			for _, w := range watchers {
				until(t, w, discovery.Removed, in.ID, discovery.ErrLeft)
			}
			t.Logf("Close -> Removed by all: %v", time.Since(began))
			<-done
			t.Logf("Close returned after %v", time.Since(began))
			var closing sync.WaitGroup
			for _, b := range nodes {
				closing.Go(func() { b.Close() })
			}
			closing.Wait()
		})
	}
}

func TestKilledNodeExpires(t *testing.T) {
	local := WithProfile(Local)
	a := start(t, local)
	b, c := start(t, local, WithSeeds(a.Addr())), start(t, local, WithSeeds(a.Addr()))
	in := instance("orders")
	announce(t, c, in)
	v, w := watch(t, a), watch(t, b)
	until(t, v, discovery.Added, in.ID, nil)
	until(t, w, discovery.Added, in.ID, nil)
	c.kill()
	began := time.Now()
	until(t, v, discovery.Removed, in.ID, discovery.ErrExpired)
	until(t, w, discovery.Removed, in.ID, discovery.ErrExpired)
	t.Logf("killed -> Removed by all: %v", time.Since(began))
}

func TestSeedComesLate(t *testing.T) {
	s := start(t)
	address := s.Addr()
	s.Close()
	b := start(t, WithSeeds(address))
	in, other := instance("orders"), instance("bills")
	announce(t, b, in)
	v := watch(t, b)
	until(t, v, discovery.Warning, discovery.ID{}, ErrAlone)
	until(t, watch(t, b), discovery.Warning, discovery.ID{}, ErrAlone) // who comes late is told too
	s = start(t, WithBind(address), WithSeeds(address))                // its own seed, too
	announce(t, s, other)
	until(t, watch(t, s), discovery.Added, in.ID, nil)
	until(t, v, discovery.Added, other.ID, nil)
}

func TestSeedRestarts(t *testing.T) {
	s := start(t)
	address := s.Addr()
	a, b := start(t, WithSeeds(address)), start(t, WithSeeds(address))
	old, next, in := instance("old"), instance("new"), instance("orders")
	announce(t, s, old)
	announce(t, b, in)
	w := watch(t, a)
	until(t, w, discovery.Added, old.ID, nil)
	s.kill()
	s = start(t, WithBind(address))
	announce(t, s, next)
	until(t, w, discovery.Removed, old.ID, discovery.ErrExpired)
	until(t, watch(t, a), discovery.Added, next.ID, nil)
	until(t, watch(t, s), discovery.Added, in.ID, nil)
}

func randomKey(t *testing.T, n int) []byte {
	t.Helper()
	key := make([]byte, n)
	rand.Read(key)
	return key
}

// Whoever has another key, or none where there is one, or one where there is
// none, neither learns nor says anything, and both sides are told why.
func TestKeys(t *testing.T) {
	key, other := randomKey(t, 32), randomKey(t, 16)
	for name, c := range map[string]struct{ inside, outside []Option }{
		"another key": {[]Option{WithKey(key)}, []Option{WithKey(other)}},
		"no key":      {[]Option{WithKey(key)}, nil},
		"a key":       {nil, []Option{WithKey(other)}},
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, c.inside...)
			b := start(t, append(c.inside, WithSeeds(a.Addr()))...)
			in, secret := instance("inside"), instance("outside")
			announce(t, b, in)
			wa := watch(t, a)
			until(t, wa, discovery.Added, in.ID, nil)

			outsider := start(t, append(c.outside, WithSeeds(a.Addr(), b.Addr()))...)
			announce(t, outsider, secret)
			until(t, watch(t, outsider), discovery.Warning, discovery.ID{}, ErrKey)
			until(t, wa, discovery.Warning, discovery.ID{}, ErrKey)

			next := instance("next") // is known to all members when the outsider has had its chance
			announce(t, a, next)
			until(t, watch(t, b), discovery.Added, next.ID, nil)
			for _, inside := range []*Backend{a, b} {
				if n := len(inside.state.catalog.Instances("")); n != 2 {
					t.Errorf("a member knows %d instances, want 2", n)
				}
			}
			if n := outsider.state.catalog.Instances(""); len(n) != 1 || outsider.state.members.Load() != 0 {
				t.Errorf("the outsider knows %v", n)
			}
		})
	}
}

func TestKeyRotation(t *testing.T) {
	before, after := randomKey(t, 16), randomKey(t, 32)
	steps := [][2]Option{ // any two nodes that are one step apart understand each other
		{WithKey(before), WithKeys(before, after)},
		{WithKeys(before, after), WithKeys(after, before)},
		{WithKeys(after, before), WithKey(after)},
	}
	for _, step := range steps {
		a := start(t, step[0])
		b := start(t, step[1], WithSeeds(a.Addr()))
		in, other := instance("a"), instance("b")
		announce(t, a, in)
		announce(t, b, other)
		until(t, watch(t, a), discovery.Added, other.ID, nil)
		until(t, watch(t, b), discovery.Added, in.ID, nil)
	}
}

// A cut is a network that can be cut: what is sent is lost, dials fail.
type cut struct {
	net.PacketConn
	on *atomic.Bool
}

func (c cut) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.on.Load() {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

// startCut starts a node whose network is cut while on says so.
func startCut(t *testing.T, on *atomic.Bool, opts ...Option) *Backend {
	t.Helper()
	s, err := newSettings(append([]Option{fast}, opts...))
	if err != nil {
		t.Fatal(err)
	}
	n, err := listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	s.bind = n.advertise
	n.packet = cut{n.packet, on}
	n.dialer.Control = func(string, string, syscall.RawConn) error {
		if on.Load() {
			return syscall.EHOSTUNREACH
		}
		return nil
	}
	b, err := open(s, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// The halves of a split network take each other for dead, and find each other
// again by themselves: by the nodes they knew, as their seed is gone.
func TestPartitionHeals(t *testing.T) {
	var on atomic.Bool
	seed := start(t)
	forgetful := func(s *settings) error {
		s.config.GossipToTheDeadTime = time.Millisecond // so that memberlist does not heal it by itself
		return nil
	}
	a := startCut(t, &on, forgetful, WithSeeds(seed.Addr()))
	b := startCut(t, &on, forgetful, WithSeeds(seed.Addr()))
	in, other := instance("a"), instance("b")
	announce(t, a, in)
	announce(t, b, other)
	wa, wb := watch(t, a), watch(t, b)
	until(t, wa, discovery.Added, other.ID, nil)
	until(t, wb, discovery.Added, in.ID, nil)

	seed.Close()
	on.Store(true)
	until(t, wa, discovery.Removed, other.ID, discovery.ErrExpired)
	until(t, wb, discovery.Removed, in.ID, discovery.ErrExpired)
	on.Store(false)
	began := time.Now()
	until(t, wa, discovery.Added, other.ID, nil)
	until(t, wb, discovery.Added, in.ID, nil)
	t.Logf("healed -> Added by both: %v", time.Since(began))
}

// Lists that fill several packets come by gossip, longer ones on request.
func TestLargeLists(t *testing.T) {
	for _, count := range []int{20, 100} {
		a := start(t)
		b := start(t, WithSeeds(a.Addr()))
		first := instance("first")
		announce(t, a, first)
		w := watch(t, b)
		until(t, w, discovery.Added, first.ID, nil)
		began := time.Now()
		var last discovery.Instance
		for range count {
			last = largest(t)
			announce(t, a, last)
		}
		until(t, w, discovery.Added, last.ID, nil)
		t.Logf("%d of the largest kind: %v", count, time.Since(began))
		if n := len(b.state.catalog.Instances("")); n != count+1 {
			t.Errorf("%d instances, want %d", n, count+1)
		}
	}
}

// A port that is beset with garbage still serves a good peer.
func TestHostileNetwork(t *testing.T) {
	for name, opts := range map[string][]Option{"key": {WithKey(randomKey(t, 32))}, "no key": nil} {
		t.Run(name, func(t *testing.T) {
			a := start(t, opts...)
			in := instance("orders")
			announce(t, a, in)
			udp, err := net.Dial("udp", a.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer udp.Close()
			label := append([]byte{244, 10}, "brokerless"...)
			garbage := func(i int) []byte {
				b := randomKey(t, 1+i*7%1400)
				switch i % 4 {
				case 0:
					return b
				case 1: // each type of message, with nonsense in it
					return append(append(slices.Clone(label), byte(i/4%16)), b...)
				case 2:
					return label[:i%len(label)]
				default: // a user's message
					return append(append(slices.Clone(label), 8, byte(i/4%5)), b...)
				}
			}
			for i := range 2000 {
				if _, err := udp.Write(garbage(i)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 2 * maxInbound { // half of them stay silent
				c, err := net.Dial("tcp", a.Addr())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				if i%2 == 0 {
					_, _ = c.Write(garbage(i / 2))
				}
			}
			b := start(t, append(opts, WithSeeds(a.Addr()))...)
			other := instance("bills")
			announce(t, b, other)
			until(t, watch(t, b), discovery.Added, in.ID, nil)
			until(t, watch(t, a), discovery.Added, other.ID, nil)
			if n := len(a.state.catalog.Instances("")); n != 2 {
				t.Errorf("%d instances, want 2", n)
			}
		})
	}
}

// Close does not wait for a seed that takes the connection and says nothing.
func TestCloseWhileJoining(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := start(t, WithProfile(WAN), WithSeeds(l.Addr().String()))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	b.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestWildcards(t *testing.T) {
	s := start(t)
	b := start(t, WithAdvertise("127.0.0.1"), WithSeeds(s.Addr()))
	in := instance("orders")
	in.Endpoints = []string{"tcp://0.0.0.0:5555", "ipc:///run/x"}
	announce(t, b, in)
	w := watch(t, s)
	until(t, w, discovery.Added, in.ID, nil)
	want := []string{"tcp://127.0.0.1:5555", "ipc:///run/x"}
	if got, _ := s.state.catalog.Lookup(in.ID); !slices.Equal(got.Endpoints, want) {
		t.Errorf("endpoints %v, want %v", got.Endpoints, want)
	}
	b.moved(single(netip.MustParseAddr("192.0.2.7")))
	until(t, w, discovery.Updated, in.ID, nil)
	want[0] = "tcp://192.0.2.7:5555"
	if got, _ := s.state.catalog.Lookup(in.ID); !slices.Equal(got.Endpoints, want) {
		t.Errorf("endpoints %v, want %v", got.Endpoints, want)
	}
}

func TestOptions(t *testing.T) {
	taken := start(t).Addr()
	for name, o := range map[string]Option{
		"seed without a port":   WithSeeds("example.org"),
		"seed without a host":   WithSeeds(":1"),
		"seed with port 0":      WithSeeds("example.org:0"),
		"bind to a name":        WithBind("localhost:1"),
		"bind to what is taken": WithBind(taken),
		"advertise a wildcard":  WithAdvertise("0.0.0.0:1"),
		"bind to a zone":        WithBind("[fe80::1%lo]:0"),
		"advertise a name":      WithAdvertise("localhost"),
		"short key":             WithKey(make([]byte, 15)),
		"short key of others":   WithKeys(make([]byte, 16), nil),
		"unknown profile":       WithProfile(9),
		"no instance":           WithMaxInstances(0),
	} {
		b, err := New(WithBind("127.0.0.1:0"), o)
		if err == nil {
			b.Close()
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(WithBind(taken)); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("error %v, want EADDRINUSE", err)
	}
}

// An ID can be announced once, and again when it was withdrawn.
func TestAnnouncedTwice(t *testing.T) {
	b, in := start(t), instance("orders")
	a := announce(t, b, in)
	if _, err := b.Announce(t.Context(), in); !errors.Is(err, discovery.ErrConflict) {
		t.Errorf("error %v, want ErrConflict", err)
	}
	a.Close()
	announce(t, b, in)
}
