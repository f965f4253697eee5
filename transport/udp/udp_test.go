package udp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/transport"
)

// patience bounds what never takes that long.
const patience = 30 * time.Second

func listen(t *testing.T, tr *Transport, address string) transport.PacketConn {
	t.Helper()
	c, err := tr.ListenPacket(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

func dial(t *testing.T, tr *Transport, address string) (transport.PacketConn, netip.AddrPort) {
	t.Helper()
	c, to, err := tr.DialPacket(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, to
}

func send(t *testing.T, c transport.PacketConn, to netip.AddrPort, s string) {
	t.Helper()
	if n, err := c.WriteToUDPAddrPort([]byte(s), to); err != nil || n != len(s) {
		t.Fatalf("sent %d octets of %d: %v", n, len(s), err)
	}
}

func want(t *testing.T, c transport.PacketConn, s string) netip.AddrPort {
	t.Helper()
	b := make([]byte, 64<<10)
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil || string(b[:n]) != s {
		t.Fatalf("received %.40q, %v, want %.40q", b[:n], err, s)
	}
	return from
}

// port returns what stands behind the last colon of a resolved address.
func port(c transport.PacketConn) string {
	s := c.LocalAddr().String()
	return s[strings.LastIndexByte(s, ':')+1:]
}

// TestUnicast: a datagram arrives whole, and can be answered.
func TestUnicast(t *testing.T) {
	for _, tt := range []struct{ name, listen, dial string }{
		{"EP-40 an address", "127.0.0.1:0", "127.0.0.1:"},
		{"EP-40 any address", "*:*", "127.0.0.1:"},
		{"EP-40 an interface", loopback(t) + ":0", "127.0.0.1:"},
		{"EP-41 a name", "127.0.0.1:0", "localhost:"},
		{"EP-41 an interface to send from", "127.0.0.1:0", loopback(t) + ";127.0.0.1:"},
		{"EP-41 the unspecified address stands for this host", "127.0.0.1:0", "0.0.0.0:"},
		{"EP-40 IPv6", "[::1]:0", "[::1]:"},
		{"EP-40 IPv6, unspecified", "[::1]:0", "[::]:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.listen, "::1") {
				needIPv6(t)
			}
			tr := New(WithReceiveBuffer(1<<20), WithSendBuffer(1<<20))
			server := listen(t, tr, tt.listen)
			client, to := dial(t, tr, tt.dial+port(server))
			for _, s := range []string{"one", "", strings.Repeat("x", 8192)} {
				send(t, client, to, s)
				from := want(t, server, s)
				send(t, server, from, "re "+s)
				if err := client.SetReadDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				want(t, client, "re "+s)
			}
		})
	}
}

func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 {
			return ifi.Name
		}
	}
	t.Skip("no loopback interface")
	return ""
}

func needIPv6(t *testing.T) {
	t.Helper()
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skipf("no IPv6: %v", err)
	}
	c.Close()
}

// TestRefused: what cannot be bound says why.
func TestRefused(t *testing.T) {
	tr := New()
	taken := listen(t, tr, "127.0.0.1:0")
	for _, tt := range []struct {
		name, address string
		is            error
	}{
		{"EP-40 a port in use", "127.0.0.1:" + port(taken), syscall.EADDRINUSE},
		{"EP-40 an address of another host", "192.0.2.1:0", syscall.EADDRNOTAVAIL},
		{"EP-40 no interface", "nosuch0:0", syscall.ENODEV},
		{"EP-40 no interface for a group", "nosuch0;239.1.2.3:0", syscall.ENODEV},
		{"EP-40 an interface of another host", "192.0.2.1;239.1.2.3:0", syscall.EADDRNOTAVAIL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tr.ListenPacket(t.Context(), tt.address)
			if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.address) {
				t.Errorf("%v, %v, want %v", c, err, tt.is)
			}
		})
	}
	if _, _, err := tr.DialPacket(t.Context(), "nosuch0;127.0.0.1:1"); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("dialing by no interface: %v", err)
	}
	for _, hops := range []int{-1, 256} {
		if _, err := New(WithMulticastHops(hops)).ListenPacket(t.Context(), "127.0.0.1:0"); err == nil {
			t.Errorf("%d hops are accepted", hops)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.ListenPacket(done, "127.0.0.1:0"); !errors.Is(err, context.Canceled) {
		t.Errorf("listening with a done context: %v", err)
	}
	if _, _, err := tr.DialPacket(done, "127.0.0.1:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("dialing with a done context: %v", err)
	}
	var bad *transport.EndpointError
	if _, err := tr.ListenPacket(t.Context(), "x"); !errors.As(err, &bad) {
		t.Errorf("listening at x: %v", err)
	}
	if _, _, err := tr.DialPacket(t.Context(), "x"); !errors.As(err, &bad) {
		t.Errorf("dialing x: %v", err)
	}
}

// TestDevice: traffic can be kept to one interface, where the system has that.
func TestDevice(t *testing.T) {
	tr := New(WithDevice(loopback(t)))
	server, err := tr.ListenPacket(t.Context(), "127.0.0.1:0")
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, to := dial(t, tr, "127.0.0.1:"+port(server))
	send(t, client, to, "kept")
	if err := server.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	want(t, server, "kept")
	if c, err := New(WithDevice("nosuch0")).ListenPacket(t.Context(), "127.0.0.1:0"); err == nil {
		c.Close()
		t.Error("bound to an interface that is not there")
	}
}

// TestClose: it ends reading, and frees the port.
func TestClose(t *testing.T) {
	tr := New()
	c := listen(t, tr, "127.0.0.1:0")
	ended := make(chan error)
	go func() {
		_, _, err := c.ReadFromUDPAddrPort(make([]byte, 1))
		ended <- err
	}()
	c.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading ended with %v", err)
	}
	listen(t, tr, "127.0.0.1:"+port(c))
}
