package udp

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/brokerless/brokerless/transport"
)

// group binds a multicast group on the loopback interface, or skips the test
// where that does not do multicast.
func group(t *testing.T, tr *Transport, address string) transport.PacketConn {
	t.Helper()
	c, err := tr.ListenPacket(t.Context(), address)
	if err != nil {
		t.Skipf("no multicast on the loopback interface: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestMulticast: what is sent to a group comes to all who have joined it, and to
// nobody else on the port.
func TestMulticast(t *testing.T) {
	lo := loopback(t)
	for name, tt := range map[string]struct{ group, other string }{
		"EP-40 IPv4": {"239.77.1.1", "239.77.1.2"},
		"EP-40 IPv6": {"[ff01::4d01]", "[ff01::4d02]"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(tt.group, "[") {
				needIPv6(t)
			}
			tr := New()
			one := group(t, tr, lo+";"+tt.group+":0")
			p := port(one)
			if got, want := one.LocalAddr().String(), lo+";"+tt.group+":"+p; got != want || p == "0" {
				t.Errorf("bound to %s, want %s", got, want)
			}
			two := group(t, tr, lo+";"+tt.group+":"+p)
			other := group(t, New(WithInterface(lo)), tt.other+":"+p)
			c, to := dial(t, tr, one.LocalAddr().String())
			toOther, other2 := dial(t, New(WithInterface(lo)), tt.other+":"+p)
			if _, err := c.WriteToUDPAddrPort([]byte("for the group"), to); errors.Is(err, syscall.ENETUNREACH) {
				t.Skipf("no multicast on the loopback interface: %v", err)
			} else if err != nil {
				t.Fatal(err)
			}
			send(t, toOther, other2, "for the other")
			want(t, one, "for the group")
			want(t, two, "for the group")
			want(t, other, "for the other")
			send(t, c, to, "the end") // and nothing has come between
			want(t, one, "the end")
			want(t, two, "the end")
		})
	}
}

// TestMulticastOptions: how far datagrams go, and whether this host hears them.
func TestMulticastOptions(t *testing.T) {
	lo := loopback(t)
	tr := New()
	group(t, tr, lo+";239.77.1.3:0")
	// On a loopback interface everything comes back, so the loop is only asked for here.
	for on, opts := range map[bool][]Option{true: nil, false: {WithMulticastLoop(false)}} {
		c, _ := dial(t, New(append(opts, WithInterface(lo))...), "239.77.1.3:1")
		if got, err := ipv4.NewPacketConn(c.(*net.UDPConn)).MulticastLoopback(); err != nil || got != on {
			t.Errorf("EP-43 loop %t, %v, want %t", got, err, on)
		}
	}
	for hops, opts := range map[int][]Option{1: nil, 0: {WithMulticastHops(0)}, 7: {WithMulticastHops(7)}} {
		c, _ := dial(t, New(append(opts, WithInterface(lo))...), "239.77.1.3:1")
		p := ipv4.NewPacketConn(c.(*net.UDPConn))
		if got, err := p.MulticastTTL(); err != nil || got != hops {
			t.Errorf("TTL %d, %v, want %d", got, err, hops)
		}
		if ifi, err := p.MulticastInterface(); err == nil && ifi != nil && ifi.Name != lo {
			t.Errorf("datagrams leave by %s, want %s", ifi.Name, lo)
		}
		bound := listen(t, New(append(opts, WithMulticastLoop(false))...), "*:0") // for a DGRAM that sends to groups
		if got, err := ipv4.NewPacketConn(bound.(*net.UDPConn)).MulticastTTL(); err == nil && got != hops {
			t.Errorf("TTL %d of a bound socket, want %d", got, hops)
		}
	}
	t.Run("IPv6", func(t *testing.T) {
		needIPv6(t)
		c, _ := dial(t, New(WithMulticastHops(7), WithMulticastLoop(false)), lo+";[ff01::4d03]:1")
		p := ipv6.NewPacketConn(c.(*net.UDPConn))
		if got, err := p.MulticastHopLimit(); err != nil || got != 7 {
			t.Errorf("hop limit %d, %v, want 7", got, err)
		}
		if got, err := p.MulticastLoopback(); err != nil || got {
			t.Errorf("loop %t, %v, want false", got, err)
		}
	})
}

// TestMulticastDevice: what a group cannot be joined by is an error, not silence.
func TestMulticastDevice(t *testing.T) {
	c, err := New(WithInterface("nosuch0")).ListenPacket(t.Context(), "239.77.1.4:0")
	if err == nil {
		c.Close()
		t.Fatal("joined on an interface that is not there")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}
