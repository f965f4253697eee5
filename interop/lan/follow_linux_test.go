package lan

import (
	"slices"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// TestMessageThrough announces on one host, follows on another, and sends a
// message from there. Whoever is first makes no difference.
func TestMessageThrough(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	a, b := l.host(t, "a").open(t), l.host(t, "b").open(t)
	want := a.offer(t, discovery.Instance{
		Service: "orders ✓", Name: "Küche.1 \\ 2", Metadata: map[string]string{"zone": "ä=b", "empty": ""},
	})
	b.follow(t, Whom{Service: want.Service})
	found := b.await(t, Query{Kinds: []string{"added"}, ID: want.ID.String()})
	if found.Text != want.Name {
		t.Errorf("found as %q, want %q", found.Text, want.Name)
	}
	b.say(t, want.Service, a)

	a.follow(t, Whom{Service: "later"})
	later := b.offer(t, discovery.Instance{Service: "later"})
	a.linked(t, later, 0)
	a.say(t, "later", b)
}

// TestKilledAndRestarted kills a process and starts another in its place, which
// gets another port: as a new instance, and as the same one.
func TestKilledAndRestarted(t *testing.T) {
	t.Parallel()
	for _, same := range []bool{false, true} {
		name := map[bool]string{false: "new id", true: "same id"}[same]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLAN(t)
			host, b := l.host(t, "a"), l.host(t, "b").open(t)
			b.follow(t, Whom{Service: "orders"})
			var in discovery.Instance
			for range 3 {
				a := host.open(t)
				from := b.now(t)
				if !same {
					in.ID = discovery.ID{}
				}
				in.Service = "orders"
				in = a.offer(t, in)
				b.linked(t, in, from)
				b.say(t, "orders", a)
				a.kill(t)
				b.unlinked(t, in, from)
			}
		})
	}
}

// TestGoodbye withdraws an announcement: that is seen as what it is, and the link
// lives on, for the socket is still there.
func TestGoodbye(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	a, b := l.host(t, "a").open(t), l.host(t, "b").open(t)
	in, other := a.offer(t, discovery.Instance{Service: "orders"}), a.offer(t, discovery.Instance{Service: "bills"})
	b.follow(t, Whom{Service: "orders"})
	b.follow(t, Whom{Service: "bills"})
	b.linked(t, in, 0)
	b.linked(t, other, 0)
	a.call(t, "Withdraw", in.ID, nil)
	gone := b.await(t, Query{Kinds: []string{"removed"}, ID: in.ID.String()})
	if gone.Text != discovery.ErrLeft.Error() {
		t.Errorf("removed because of %q, want %q", gone.Text, discovery.ErrLeft)
	}
	b.say(t, "orders", a)

	// What the process also announces is not touched by that (D-13).
	c := l.host(t, "c").open(t)
	c.follow(t, Whom{Service: "bills"})
	c.linked(t, other, 0)
	c.say(t, "bills", a)
	if all := b.happened(t, Query{Kinds: []string{"removed", "unlinked"}, ID: other.ID.String()}); len(all) > 0 {
		t.Errorf("the other one was lost too: %v", all)
	}

	// A process that ends as it should says goodbye for all it has.
	a.call(t, "Close", nil, nil)
	b.await(t, Query{Kinds: []string{"removed"}, ID: other.ID.String(), Text: discovery.ErrLeft.Error()})
	b.unlinked(t, other, 0)
}

// TestLinkCut cuts the cable of a host and puts it back: the link is lost and
// made anew, and nothing is said to have gone meanwhile.
func TestLinkCut(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"of the one found", "of the follower"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			l := newLAN(t)
			ha, hb := l.host(t, "a"), l.host(t, "b")
			a, b := ha.open(t), hb.open(t)
			in := a.offer(t, discovery.Instance{Service: "orders"})
			b.follow(t, Whom{Service: "orders", Heartbeat: heartbeat})
			b.linked(t, in, 0)
			nic := ha.eth0()
			if which == "of the follower" {
				nic = hb.eth0()
			}
			from := b.now(t)
			nic.cut(t)
			lost := b.unlinked(t, in, from)
			nic.restore(t)
			b.linked(t, in, lost.Index)
			b.say(t, "orders", a)
			if all := b.happened(t, Query{Kinds: []string{"removed"}, From: from}); len(all) > 0 {
				t.Errorf("said to have gone: %v", all)
			}
		})
	}
}

// TestAddressChanged gives a host another address. Its followers hear of it, and
// go there.
func TestAddressChanged(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	host, b := l.host(t, "a"), l.host(t, "b").open(t)
	a := host.open(t)
	in := a.offer(t, discovery.Instance{Service: "orders"})
	b.follow(t, Whom{Service: "orders", Heartbeat: heartbeat})
	b.linked(t, in, 0)
	from := b.now(t)
	host.eth0().readdress(t)
	// The old address may be there for a second more (RFC 6762, 10.2).
	for next := from; ; {
		updated := b.await(t, Query{Kinds: []string{"updated"}, ID: in.ID.String(), From: next})
		if slices.Equal(updated.Where, []string{host.eth0().endpoint(in)}) {
			break
		}
		next = updated.Index + 1
	}
	b.linked(t, in, from)
	b.say(t, "orders", a)
}

// TestInterfaceAdded plugs a host into a second segment. Who is there finds it,
// and is found.
func TestInterfaceAdded(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	second := l.segment(t)
	ha, hc := l.host(t, "a"), l.bare(t, "c")
	hc.plug(t, second)
	a, b, c := ha.open(t), l.host(t, "b").open(t), hc.open(t)
	ours, theirs := a.offer(t, discovery.Instance{Service: "ours"}), c.offer(t, discovery.Instance{Service: "theirs"})
	a.follow(t, Whom{Service: "theirs"})
	b.follow(t, Whom{Service: "ours"})
	c.follow(t, Whom{Service: "ours"})
	b.linked(t, ours, 0)
	from := a.now(t)
	eth1 := ha.plug(t, second)
	found := c.await(t, Query{Kinds: []string{"added"}, ID: ours.ID.String()})
	if want := eth1.endpoint(ours); !slices.Equal(found.Where, []string{want}) {
		t.Errorf("announced on the second segment at %v, want only what is reached from there, %s", found.Where, want)
	}
	c.linked(t, ours, 0)
	c.say(t, "ours", a)
	a.linked(t, theirs, from)
	a.say(t, "theirs", c)
	b.say(t, "ours", a)
}

// TestMulticastDropped drops all multicast for longer than mDNS takes to forget
// somebody who does not answer. Links live on, and after that all is as before.
func TestMulticastDropped(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	l := newLAN(t)
	hosts := []*host{l.host(t, "a"), l.host(t, "b")}
	a, b := hosts[0].open(t), hosts[1].open(t)
	in := a.offer(t, discovery.Instance{Service: "orders"})
	b.follow(t, Whom{Service: "orders"})
	b.linked(t, in, 0)
	from := b.now(t)
	l.segments[0].multicast(t, hosts, false)
	for until := time.Now().Add(45 * time.Second); time.Now().Before(until); {
		b.say(t, "orders", a)
		if err := b.try("Await", Query{Kinds: []string{"unlinked"}, From: from, Within: time.Second}, new(Record)); err == nil {
			t.Fatal("the link was cut")
		}
	}
	l.segments[0].multicast(t, hosts, true)
	c := l.host(t, "c").open(t)
	c.follow(t, Whom{Service: "orders"})
	c.linked(t, in, 0)
	if all := b.happened(t, Query{Kinds: []string{"removed"}, From: from}); len(all) > 0 {
		b.await(t, Query{Kinds: []string{"added"}, ID: in.ID.String(), From: all[0].Index})
	}
	b.say(t, "orders", a)
	if all := b.happened(t, Query{Kinds: []string{"unlinked"}, From: from}); len(all) > 0 {
		t.Errorf("the link was cut: %v", all)
	}
}

// TestLinkCutForLong cuts a link until mDNS, too, has forgotten who was there.
func TestLinkCutForLong(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	t.Parallel()
	l := newLAN(t)
	ha := l.host(t, "a")
	a, b := ha.open(t), l.host(t, "b").open(t)
	in := a.offer(t, discovery.Instance{Service: "orders"})
	b.follow(t, Whom{Service: "orders", Heartbeat: heartbeat})
	b.linked(t, in, 0)
	ha.eth0().cut(t)
	gone := b.await(t, Query{
		Kinds: []string{"removed"}, ID: in.ID.String(), Text: discovery.ErrExpired.Error(), Within: 4 * patience,
	})
	ha.eth0().restore(t)
	b.await(t, Query{Kinds: []string{"added"}, ID: in.ID.String(), From: gone.Index})
	b.linked(t, in, gone.Index)
	b.say(t, "orders", a)
}

// TestOneID has two hosts announce the same id. Who watches is warned, and stays
// with the first.
func TestOneID(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	first, second, b := l.host(t, "first"), l.host(t, "second").open(t), l.host(t, "b").open(t)
	a := first.open(t)
	in := a.offer(t, discovery.Instance{Service: "orders"})
	b.follow(t, Whom{Service: "orders"})
	b.linked(t, in, 0)
	second.offer(t, in)
	b.await(t, Query{Kinds: []string{"warning"}, Text: discovery.ErrConflict.Error()})
	b.say(t, "orders", a)
	c := l.host(t, "c").open(t)
	c.follow(t, Whom{Service: "orders"})
	c.linked(t, in, 0) // to one of the two
	if bad := b.happened(t, Query{Kinds: []string{"removed", "unlinked"}}); len(bad) > 0 {
		t.Errorf("lost the first one: %v", bad)
	}
}

// TestRealms has instances of one service in two realms: nobody meets those of
// the other.
func TestRealms(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	offers := make(map[string]discovery.Instance)
	sides := make(map[string]*process)
	for _, realm := range []string{"", "red", "blue"} {
		p := l.host(t, "host"+realm).open(t)
		p.follow(t, Whom{Service: "orders", Realm: realm})
		p.call(t, "Watch", "orders", nil)
		offers[realm], sides[realm] = p.offer(t, discovery.Instance{Service: "orders", Realm: realm}), p
	}
	for realm, p := range sides {
		p.linked(t, offers[realm], 0)
		for _, in := range offers {
			p.await(t, Query{Kinds: []string{"watch added"}, ID: in.ID.String()})
		}
		p.say(t, "orders", p)
	}
	for realm, p := range sides {
		for _, r := range p.happened(t, Query{Kinds: []string{"added", "linked"}}) {
			if r.ID != offers[realm].ID.String() {
				t.Errorf("realm %q met another: %v", realm, r)
			}
		}
	}
}
