package lan

import (
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/gossip"
)

// router makes a host that is on all segments and passes on what is not for it.
// Multicast stays where it is.
func (l *lan) router(t testing.TB) *host {
	t.Helper()
	h := l.bare(t, "router")
	for _, s := range l.segments {
		h.plug(t, s)
	}
	out, err := h.command("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward").CombinedOutput()
	if err != nil {
		t.Fatalf("forward on the router: %v: %s", err, out)
	}
	return h
}

// via makes the router lead the host to the other segments.
func (h *host) via(t testing.TB, router *host) {
	t.Helper()
	for _, n := range router.nics {
		if n.segment == h.eth0().segment {
			must(t, ip("-n", h.namespace, "route", "add", "default", "via", n.addr().String()))
		}
	}
}

// TestGossipAcrossSubnets has hosts on two subnets that multicast does not leave.
// They find each other by a seed.
func TestGossipAcrossSubnets(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	second := l.segment(t)
	router := l.router(t)
	near, far, farther := l.host(t, "near"), l.bare(t, "far"), l.bare(t, "farther")
	far.plug(t, second)
	farther.plug(t, second)
	for _, h := range []*host{near, far, farther} {
		h.via(t, router)
	}
	seeds := []string{near.eth0().addr().String() + ":7946"}
	// The seed comes last: nodes that find none go on trying.
	c := farther.open(t, Means{Backend: "gossip", Seeds: seeds})
	b := far.open(t, Means{Backend: "gossip", Seeds: seeds})
	a := near.open(t, Means{Backend: "gossip"})
	offered := a.offer(t, discovery.Instance{Service: "orders"})
	returned := c.offer(t, discovery.Instance{Service: "bills"})
	b.follow(t, Whom{Service: "orders"})
	a.follow(t, Whom{Service: "bills"})
	if found := b.linked(t, offered, 0); found.Where[0] != near.eth0().endpoint(offered)[len("tcp://"):] {
		t.Errorf("linked to %v, want %s", found.Where, near.eth0().endpoint(offered))
	}
	b.say(t, "orders", a)
	a.linked(t, returned, 0)
	a.say(t, "bills", c)

	a.call(t, "Withdraw", offered.ID, nil)
	b.await(t, Query{Kinds: []string{"removed"}, ID: offered.ID.String(), Text: discovery.ErrLeft.Error()})
	c.kill(t)
	a.unlinked(t, returned, 0)
	a.await(t, Query{Kinds: []string{"removed"}, ID: returned.ID.String(), Text: discovery.ErrExpired.Error()})
}

// newGossip makes a backend that listens on all addresses of the host.
func newGossip(m *Means) (discovery.Backend, error) {
	b, err := gossip.New(gossip.WithSeeds(m.Seeds...), gossip.WithKey([]byte("0123456789abcdef")))
	if err != nil {
		return nil, fmt.Errorf("gossip: %w", err)
	}
	return b, nil
}
