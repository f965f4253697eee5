package mdns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
	"github.com/brokerless/brokerless/internal/leakcheck"
)

// A thousand rounds with real sockets leave no goroutine and no descriptor.
func TestThousandRounds(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	leakcheck.Check(t)
	b := newOnLoopback(t)
	announce(t, b, discovery.Instance{ID: discovery.NewID(), Service: "orders", Endpoints: []string{"ipc:///run/x"}})
	links, _, err := lan.Links(lan.Options{Names: []string{loopbackName(t)}})
	if err != nil {
		t.Fatal(err)
	}
	before := leakcheck.Descriptors(t)
	for range rounds {
		b.station.round(t.Context(), links, time.Millisecond)
	}
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(10 * time.Second); leakcheck.Descriptors(t) > before; <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors, %d before", leakcheck.Descriptors(t), before)
		}
	}
}

// The browser finds what the responder answers.
func TestBrowse(t *testing.T) {
	links, _, err := lan.Links(lan.Options{Names: []string{loopbackName(t)}})
	if err != nil {
		t.Fatal(err)
	}
	b := newOnLoopback(t)
	in := order()
	in.Service = "browse-" + in.ID.String()
	announce(t, b, in)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	found := false
	err = browse(ctx, links, func(label string) {
		if label == in.ID.String() {
			found = true
			cancel()
		}
	})
	if !found || err != nil {
		t.Errorf("found %t, error %v", found, err)
	}
}

// A link that is not there, or lost its sockets, harms nobody.
func TestSocketsClosed(t *testing.T) {
	n, err := openSockets(func(packet) {})
	if err != nil {
		t.Fatal(err)
	}
	gone := lan.Link{Interface: net.Interface{Index: 1 << 20, Name: "gone0"}}
	if err := n.join([]lan.Link{gone}); err == nil {
		t.Error("joined the group on an interface that is not there")
	}
	n.send(datagram{link: gone.Index, data: []byte("x")})
	n.send(datagram{link: 1, data: []byte("x")})
	n.send(datagram{link: gone.Index, data: []byte("x"), to: netip.MustParseAddrPort("127.0.0.1:9")})
	n.close()
	n.send(datagram{link: gone.Index, data: []byte("x"), to: netip.MustParseAddrPort("[::1]:9")})
	n.close()
}

// A socket that fails is read again, after longer and longer pauses.
func TestReadBacksOff(t *testing.T) {
	s := &sockets{receive: func(packet) {}}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	reads := 0
	s.read(ctx, func([]byte) (packet, error) {
		reads++
		return packet{}, errors.New("network is down")
	})
	if reads > 10 {
		t.Errorf("read %d times in 200 ms", reads)
	}
}

// An old resolver, with a socket of its own, has its answer.
func TestLegacyOverLoopback(t *testing.T) {
	b := newOnLoopback(t)
	in := order()
	in.Service = "legacy-" + in.ID.String()
	announce(t, b, in)
	four, _ := groups()
	l, err := net.InterfaceByName(loopbackName(t))
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := overInterface(c, l); err != nil {
		t.Fatal(err)
	}
	q := ask(instanceName(in.ID), dns.TypeSRV)
	data, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.WriteTo(data, &four); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, maxPacket)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	var m dns.Msg
	if err := m.Unpack(buf[:n]); err != nil || m.Id != q.Id || len(m.Answer) != 1 || m.Answer[0].(*dns.SRV).Port != 5555 {
		t.Errorf("answered %v, %v", &m, err)
	}
}

func overInterface(c net.PacketConn, l *net.Interface) error {
	return ipv4.NewPacketConn(c).SetMulticastInterface(l)
}
