package lan

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestWire tests the network itself: that what it counts, cuts and drops is what
// the other tests say.
func TestWire(t *testing.T) {
	l := newLAN(t)
	a, b := l.host(t, "a"), l.host(t, "b")
	wire := l.watchWire(t)
	from, to := a.start(t), b.start(t)
	group := netip.AddrPortFrom(netip.AddrFrom4([4]byte{224, 0, 0, 251}), portMDNS)
	unicast := netip.AddrPortFrom(b.eth0().addr(), portMDNS)
	to.call(t, "Listen", b.eth0().name, nil)
	next, sent := 0, 0
	reaches := func(what string, addr netip.AddrPort, want bool) {
		t.Helper()
		next++
		d := Datagram{Via: a.eth0().addr().String(), To: addr.String(), Text: fmt.Sprintf("packet %d", next)}
		deadline := time.Now().Add(patience)
		for {
			// A port that comes up, or an address that has to be resolved, takes its time.
			err := from.try("Emit", d, nil)
			sent++
			q := Query{Kinds: []string{"datagram"}, Text: d.Text, Within: 300 * time.Millisecond}
			if err == nil {
				err = to.try("Await", q, new(Record))
			}
			switch {
			case (err == nil) == want:
				return
			case err == nil, time.Now().After(deadline):
				t.Fatalf("%s: reached: %t, want %t (%v)", what, !want, want, err)
			}
		}
	}
	reaches("multicast", group, true)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		_, total := packets(t, wire) // what has arrived may yet have to be counted
		if total == sent {
			break
		}
		if total > sent || time.Now().After(deadline) {
			t.Fatalf("%d packets on the wire, want %d", total, sent)
		}
	}
	l.segments[0].multicast(t, []*host{a, b}, false)
	reaches("multicast, dropped", group, false)
	reaches("unicast", unicast, true)
	l.segments[0].multicast(t, []*host{a, b}, true)
	reaches("multicast, not dropped any more", group, true)
	a.eth0().cut(t)
	reaches("unicast over a cut link", unicast, false)
	a.eth0().restore(t)
	reaches("unicast over the link restored", unicast, true)
}

// A Datagram is sent from an address, over its interface.
type Datagram struct{ Via, To, Text string }

// Emit sends a datagram from the port of mDNS.
func (a *guest) Emit(d Datagram, _ *none) error {
	via, err := netip.ParseAddr(d.Via)
	if err != nil {
		return err
	}
	to, err := netip.ParseAddrPort(d.To)
	if err != nil {
		return err
	}
	c, err := multicastConn(via)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.WriteToUDPAddrPort([]byte(d.Text), to)
	return err
}

// Listen records what comes for mDNS on an interface, as "datagram".
func (a *guest) Listen(name string, _ *none) error {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	c, err := net.ListenMulticastUDP("udp4", ifi, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: portMDNS})
	if err != nil {
		return err
	}
	a.own(c)
	go func() {
		b := make([]byte, 9000)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			a.journal.add(Record{Kind: "datagram", ID: from.String(), Text: string(b[:n])})
		}
	}()
	return nil
}
