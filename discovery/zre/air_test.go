package zre

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/brokerless/brokerless/internal/lan"
)

func TestBroadcastOf(t *testing.T) {
	for prefix, want := range map[string]string{
		"192.0.2.7/24": "192.0.2.255", "10.1.2.3/8": "10.255.255.255", "10.77.3.9/22": "10.77.3.255", "192.0.2.5/30": "192.0.2.7",
		"1.2.3.4/0": "255.255.255.255", "192.0.2.4/31": "", "192.0.2.4/32": "", "2001:db8::1/64": "",
	} {
		got, ok := broadcastOf(netip.MustParsePrefix(prefix))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s: %v, %t, want %s", prefix, got, ok, want)
		}
	}
}

// TestAirLinks has links come and go: where beacons go to and from where they
// are believed.
func TestAirLinks(t *testing.T) {
	link := func(flags net.Flags, prefixes ...string) lan.Link {
		l := lan.Link{Interface: net.Interface{Flags: flags}}
		for _, p := range prefixes {
			l.Prefixes = append(l.Prefixes, netip.MustParsePrefix(p))
		}
		return l
	}
	a := &air{port: Port}
	if !a.set([]lan.Link{
		link(net.FlagBroadcast, "192.0.2.7/24", "10.0.0.1/8", "2001:db8::1/64"),
		link(net.FlagPointToPoint, "203.0.113.1/24"),
		link(net.FlagLoopback, "127.0.0.1/8"),
	}) {
		t.Error("no news")
	}
	want := []netip.AddrPort{
		netip.MustParseAddrPort("192.0.2.255:5670"), netip.MustParseAddrPort("10.255.255.255:5670"), netip.MustParseAddrPort("127.255.255.255:5670"),
	}
	if !slices.Equal(a.targets, want) {
		t.Errorf("sent to %v, want %v", a.targets, want)
	}
	for addr, want := range map[string]bool{
		"192.0.2.200": true, "10.9.9.9": true, "127.0.0.1": true, "203.0.113.9": false, "198.51.100.1": false,
	} {
		if got := a.ours(netip.MustParseAddr(addr)); got != want {
			t.Errorf("from %s believed: %t", addr, got)
		}
	}
	if a.set([]lan.Link{link(net.FlagBroadcast, "192.0.2.7/24", "10.0.0.1/8"), link(net.FlagLoopback, "127.0.0.1/8")}) {
		t.Error("the same is news")
	}
	if !a.set(nil) || len(a.targets) > 0 || a.ours(netip.MustParseAddr("192.0.2.200")) {
		t.Error("links that are gone are still there")
	}
}
