package socket_test

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func (s *stage) datagram(opts ...socket.DatagramOption) *socket.Datagram {
	return open(s, socket.NewDatagram, opts)
}

func TestDatagram(t *testing.T) {
	showUDP(t, "ST-07 an address and a datagram, both ways", func(s *stage) {
		a, b, plain := s.datagram(), s.datagram(), s.packets()
		atA := strings.TrimPrefix(s.bound(a, anyPort), "udp://")
		atB := strings.TrimPrefix(s.bound(b, "udp://*:*"), "udp://") // [::]:port
		atB = "127.0.0.1" + atB[strings.LastIndexByte(atB, ':'):]
		for _, body := range []string{"hello", "", "\x00"} {
			s.send(a, atB, body)
			s.want(b, atA, body)
			s.send(b, atA, "re "+body)
			s.want(a, atB, "re "+body)
		}
		s.send(a, plain.LocalAddr().String(), "as it is")
		got, from := s.caught(plain)
		equal(s, "datagram", got, "as it is")
		equal(s, "sender", from.String(), atA)
		s.throw(plain, "udp://"+atB, "\x05no group")
		s.want(b, plain.LocalAddr().String(), "\x05no group")

		to := netip.MustParseAddrPort(atB)
		if err := a.SendTo(s.ctx, to, []byte("by value")); err != nil {
			s.Fatal(err)
		}
		sender, body, err := b.RecvDatagram(s.ctx)
		if err != nil || sender != netip.MustParseAddrPort(atA) || string(body) != "by value" {
			s.Fatalf("received %q of %v, %v", body, sender, err)
		}
		s.balanced(a)
		s.balanced(b)
	})

	showUDP(t, "ST-07 it is bound, once, over udp, and never connected", func(s *stage) {
		d := s.datagram()
		s.matches(d.Connect("udp://127.0.0.1:5555"), socket.ErrEndpoint)
		s.matches(d.ConnectFunc("name", nil), socket.ErrEndpoint)
		for _, e := range []string{"tcp://127.0.0.1:0", "inproc://x", "udp://127.0.0.1"} {
			_, err := d.Bind(e)
			s.matches(err, socket.ErrEndpoint)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.Fatal(err)
		}
		s.matches(d.BindListener(l), socket.ErrEndpoint)
		one, other := net.Pipe()
		defer other.Close()
		s.matches(d.AttachConn(one), socket.ErrEndpoint)
		endpoint := s.bound(d, anyPort)
		_, err = d.Bind(anyPort)
		s.matches(err, socket.ErrEndpoint)
		s.says(err, endpoint)
		if err := d.Unbind(endpoint); err != nil {
			s.Fatal(err)
		}
		s.bound(d, anyPort)
	})

	showUDP(t, "ST-07 what it cannot send is refused, and without an endpoint it waits", func(s *stage) {
		d, plain := s.datagram(), s.packets()
		to := plain.LocalAddr().String()
		for _, m := range [][]string{{to}, {to, "a", "b"}, {"", "x"}, {"localhost:1", "x"}, {"127.0.0.1", "x"}, {"127.0.0.1:0", "x"}} {
			s.matches(d.TrySend(octets(m)...), socket.ErrMessage)
		}
		s.matches(d.SendTo(s.ctx, netip.AddrPort{}, nil), socket.ErrMessage)
		s.blocked(d, to, "nobody is bound")
		sent := make(chan error)
		go func() { sent <- d.Send(s.ctx, []byte(to), []byte("waited")) }()
		s.bound(d, anyPort)
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
		got, _ := s.caught(plain)
		equal(s, "datagram", got, "waited")
		drop(d)
		s.matches(d.TrySend([]byte(to), nil), socket.ErrClosed)
	})

	showUDP(t, "ST-07 what is queued is sent before it closes", func(s *stage) {
		d, plain := s.datagram(), s.packets()
		s.bound(d, anyPort)
		for range 20 {
			s.send(d, plain.LocalAddr().String(), "x")
		}
		if err := d.Close(); err != nil {
			s.Fatal(err)
		}
		for range 20 {
			s.caught(plain)
		}
		if _, err := d.Recv(s.ctx); !errors.Is(err, socket.ErrClosed) {
			s.Fatalf("Recv: %v", err)
		}
	})

	showUDP(t, "ST-07 addresses of IPv6", func(s *stage) {
		a, b := s.datagram(), s.datagram()
		endpoint, err := b.Bind("udp://[::1]:0")
		if err != nil {
			s.Skipf("no IPv6: %v", err)
		}
		atA, atB := strings.TrimPrefix(s.bound(a, "udp://[::1]:0"), "udp://"), strings.TrimPrefix(endpoint, "udp://")
		s.send(a, atB, "six")
		s.want(b, atA, "six")
		s.send(b, atA, "six")
		s.want(a, atB, "six")
	})
}
