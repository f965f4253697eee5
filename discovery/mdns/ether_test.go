package mdns

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// An ether carries packets between stations without sockets. Each station has
// one interface, eth0, with an address of 192.0.2.0/24.
type ether struct {
	mu    sync.Mutex
	nics  []*nic
	log   []carried
	lose  func(from, to netip.Addr, data []byte) bool // nil: nothing gets lost
	count int                                         // of packets, also those lost
}

// A carried packet was sent to all.
type carried struct {
	at   time.Time
	from netip.Addr
	msg  *dns.Msg
}

// A nic is the interface of one station.
type nic struct {
	*ether
	addr    netip.Addr
	receive func(packet)
	links   []lan.Link  // as join was told; guarded by ether.mu
	asked   []time.Time // by browse; guarded by ether.mu
	change  chan []lan.Link
	broken  error // of every send; set before the first
}

const nicIndex = 7

// link returns the link as the station with this address sees it.
func link(addr netip.Addr) lan.Link {
	return lan.Link{
		Interface: net.Interface{Index: nicIndex, Name: "eth0", Flags: net.FlagUp | net.FlagBroadcast | net.FlagMulticast | net.FlagRunning},
		Prefixes:  []netip.Prefix{netip.PrefixFrom(addr, 24)},
	}
}

// station opens a backend on the ether.
func (e *ether) station(t testing.TB, opts ...Option) (*Backend, *nic) {
	t.Helper()
	e.mu.Lock()
	n := &nic{ether: e, addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(len(e.nics) + 1)}), change: make(chan []lan.Link)}
	e.nics = append(e.nics, n)
	e.mu.Unlock()
	b, err := New(append(opts, func(c *config) {
		c.open = func(receive func(packet)) (network, error) {
			n.receive = receive
			return n, nil
		}
		c.browse = n.browse
		c.links = func(lan.Options) ([]lan.Link, []lan.Refused, error) { return []lan.Link{link(n.addr)}, nil, nil }
		c.watch = func(ctx context.Context, _ time.Duration, _ lan.Options, changed func([]lan.Link)) {
			for {
				select {
				case links := <-n.change:
					changed(links)
				case <-ctx.Done():
					return
				}
			}
		}
	})...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b, n
}

func (n *nic) join(links []lan.Link) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links = links
	return nil
}

func (n *nic) close() { n.join(nil) }

func (n *nic) send(d datagram) error {
	n.carry(netip.AddrPortFrom(n.addr, mdnsPort), d.to, d.data)
	return n.broken
}

// browse asks as the browser does.
func (n *nic) browse(context.Context, []lan.Link, func(string)) error {
	m := new(dns.Msg)
	m.SetQuestion(serviceType, dns.TypePTR)
	m.RecursionDesired = false
	data, err := m.Pack()
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.asked = append(n.asked, time.Now())
	n.mu.Unlock()
	n.carry(netip.AddrPortFrom(n.addr, mdnsPort), netip.AddrPort{}, data)
	return nil
}

// carry hands a packet to all who have joined, the sender too, or to one.
func (e *ether) carry(from, to netip.AddrPort, data []byte) {
	e.mu.Lock()
	m := new(dns.Msg)
	if m.Unpack(data) != nil {
		m = nil
	}
	e.count++
	e.log = append(e.log, carried{time.Now(), from.Addr(), m})
	var receivers []*nic
	for _, n := range e.nics {
		if to.IsValid() && to.Addr() != n.addr || len(n.links) == 0 {
			continue
		}
		if e.lose == nil || !e.lose(from.Addr(), n.addr, data) {
			receivers = append(receivers, n)
		}
	}
	e.mu.Unlock()
	for _, n := range receivers {
		n.receive(packet{data: slices.Clone(data), link: nicIndex, from: from, unicast: to.IsValid()})
	}
}

// inject carries a message from an address that need not be of a station.
func (e *ether) inject(t testing.TB, from string, m *dns.Msg) {
	t.Helper()
	data, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	e.carry(netip.MustParseAddrPort(from), netip.AddrPort{}, data)
}

// since returns what was carried from an address since the n-th packet.
func (e *ether) since(n int, from netip.Addr) []carried {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []carried
	for _, c := range e.log[n:] {
		if c.from == from {
			all = append(all, c)
		}
	}
	return all
}

func (e *ether) carried() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.log)
}

// A view is what a watcher has told.
type view struct {
	mu     sync.Mutex
	have   map[discovery.ID]discovery.Instance
	events []discovery.Event
}

// watch follows a watcher, in a bubble.
func watch(t testing.TB, b *Backend, service string) *view {
	t.Helper()
	w, err := b.Watch(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	v := &view{have: make(map[discovery.ID]discovery.Instance)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e, err := range w.Events(context.Background()) {
			if err != nil {
				return
			}
			v.mu.Lock()
			v.events = append(v.events, e)
			switch e.Kind {
			case discovery.Added, discovery.Updated:
				v.have[e.Instance.ID] = e.Instance
			case discovery.Removed:
				delete(v.have, e.Instance.ID)
			}
			v.mu.Unlock()
		}
	}()
	t.Cleanup(func() { w.Close(); <-done })
	return v
}

func (v *view) get(id discovery.ID) (discovery.Instance, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	in, ok := v.have[id]
	return in, ok
}

func (v *view) size() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.have)
}

// of returns the events of a kind.
func (v *view) of(kind discovery.Kind) []discovery.Event {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []discovery.Event
	for _, e := range v.events {
		if e.Kind == kind {
			all = append(all, e)
		}
	}
	return all
}

// pass lets the time of the bubble pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// order returns an instance as tests announce it.
func order() discovery.Instance {
	return discovery.Instance{ID: discovery.NewID(), Service: "orders", Endpoints: []string{"tcp://[::]:5555"}, Version: 1}
}

func announce(t testing.TB, b *Backend, in discovery.Instance) discovery.Announcement {
	t.Helper()
	a, err := b.Announce(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
