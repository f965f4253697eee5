package lan

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// TestNoInterface opens mDNS on a host that is not plugged in: the error says
// so, and what to do.
func TestNoInterface(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	p := l.bare(t, "a").start(t)
	err := p.try("Open", Means{}, nil)
	if err == nil {
		t.Fatal("opened without an interface")
	}
	for _, want := range []string{"lo: loopback", "static"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// TestInterfaceDown takes an interface down and up again. Meanwhile nothing
// spins, and after that all is as before (D-12).
func TestInterfaceDown(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	ha, hb := l.host(t, "a"), l.host(t, "b")
	a, b := ha.open(t), hb.open(t)
	in := a.offer(t, discovery.Instance{Service: "orders"})
	b.follow(t, Whom{Service: "orders", Heartbeat: heartbeat})
	b.linked(t, in, 0)
	from := b.now(t)
	for _, h := range []*host{ha, hb} {
		must(t, ip("-n", h.namespace, "link", "set", "eth0", "down"))
	}
	b.unlinked(t, in, from)
	before, start := cpu(t, b), time.Now()
	_ = b.try("Await", Query{Kinds: []string{"linked"}, From: from, Within: 4 * time.Second}, new(Record)) // it will not
	if used, wall := cpu(t, b)-before, time.Since(start); used > wall/4 {
		t.Errorf("it used %v of the processor in %v with nothing to do", used, wall)
	}
	for _, h := range []*host{ha, hb} {
		must(t, ip("-n", h.namespace, "link", "set", "eth0", "up"))
	}
	b.linked(t, in, from)
	b.say(t, "orders", a)
	c := l.host(t, "c").open(t)
	c.follow(t, Whom{Service: "orders"})
	c.linked(t, in, 0)
	later := c.offer(t, discovery.Instance{Service: "bills"})
	b.follow(t, Whom{Service: "bills"})
	b.linked(t, later, 0)
}

// TestOneHost has several processes on one host, which share the port of mDNS,
// and one on another. What becomes of one of them concerns no other.
func TestOneHost(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	shared := l.host(t, "shared")
	processes := []*process{shared.open(t), shared.open(t), shared.open(t), l.host(t, "other").open(t)}
	offers := make([]discovery.Instance, len(processes))
	for i, p := range processes {
		offers[i] = p.offer(t, discovery.Instance{Service: "orders"})
		p.follow(t, Whom{Service: "orders"})
	}
	for _, p := range processes {
		for _, in := range offers {
			p.linked(t, in, 0)
		}
	}
	processes[0].call(t, "Close", nil, nil)
	processes[1].kill(t)
	left := processes[2:]
	for _, p := range left {
		p.await(t, Query{Kinds: []string{"removed"}, ID: offers[0].ID.String(), Text: discovery.ErrLeft.Error()})
		p.unlinked(t, offers[1], 0)
	}
	late := shared.open(t)
	late.follow(t, Whom{Service: "orders"})
	for _, in := range offers[2:] {
		late.linked(t, in, 0)
	}
	for _, p := range left {
		for _, in := range offers[2:] {
			if bad := p.happened(t, Query{Kinds: []string{"removed", "unlinked"}, ID: in.ID.String()}); len(bad) > 0 {
				t.Errorf("lost one that was there: %v", bad)
			}
		}
	}
}

// cpu returns how much of the processor a guest has used.
func cpu(t testing.TB, p *process) time.Duration {
	t.Helper()
	var used time.Duration
	p.call(t, "CPU", nil, &used)
	return used
}

// CPU returns how much of the processor the process has used.
func (a *guest) CPU(_ none, used *time.Duration) error {
	var r syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	*used = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	return err
}
