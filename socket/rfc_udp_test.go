package socket_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/udp"
)

// showUDP runs a rule over UDP on the loopback interface.
func showUDP(t *testing.T, name string, rule func(s *stage)) {
	showOver(t, []string{"udp"}, name, rule)
}

const anyPort = "udp://127.0.0.1:0"

// bound binds x to an endpoint of datagrams and returns what it resolved to.
func (s *stage) bound(x anySocket, endpoint string) string {
	s.Helper()
	resolved, err := x.Bind(endpoint)
	if err != nil {
		s.Fatal(err)
	}
	return resolved
}

// packets returns a plain UDP socket to talk to others with.
func (s *stage) packets() *net.UDPConn {
	s.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// throw sends datagrams to an endpoint.
func (s *stage) throw(from *net.UDPConn, endpoint string, datagrams ...string) {
	s.Helper()
	to, err := net.ResolveUDPAddr("udp4", strings.TrimPrefix(endpoint, "udp://"))
	if err != nil {
		s.Fatal(err)
	}
	for _, d := range datagrams {
		if _, err := from.WriteToUDP([]byte(d), to); err != nil {
			s.Fatal(err)
		}
	}
}

// caught returns the next datagram.
func (s *stage) caught(c *net.UDPConn) (datagram string, from *net.UDPAddr) {
	s.Helper()
	b := make([]byte, 64<<10)
	n, from, err := c.ReadFromUDP(b)
	if err != nil {
		s.Fatal(err)
	}
	return string(b[:n]), from
}

// came waits until n messages have come to x, dropped ones included.
func (s *stage) came(x anySocket, n uint64) {
	s.Helper()
	s.until(fmt.Sprintf("%d messages have come", n), func() bool { return x.Stats().In.Messages >= n })
}

// balanced fails the rule unless the figures add up.
func (s *stage) balanced(x anySocket) {
	s.Helper()
	st := x.Stats()
	for _, f := range []socket.Flow{st.Out, st.In} {
		equal(s, "messages", f.Messages, f.Delivered+f.Dropped.Total()+uint64(f.Queued))
	}
}

func TestRFC48Datagram(t *testing.T) {
	showUDP(t, "RD-06 without a handshake a message is one datagram, which dishes filter", func(s *stage) {
		radio, one, two := s.radio(), s.dish(), s.dish()
		s.join(one, "A", "")
		s.join(two, "B")
		s.connect(radio, s.bound(one, anyPort), s.bound(two, anyPort))
		s.send(radio, "A", "1")
		s.send(radio, "B", "2")
		s.send(radio, "", "3")
		s.want(one, "A", "1")
		s.want(one, "", "3")
		s.want(two, "B", "2")
		s.came(one, 3)
		s.came(two, 3)
		equal(s, "filtered", two.Stats().In.Dropped[socket.DropFiltered], 2)
		equal(s, "peers", radio.Stats().Peers+one.Stats().Peers, 0)
		s.leave(two, "B")
		s.join(two, "A")
		s.send(radio, "B", "4")
		s.send(radio, "A", "5")
		s.want(two, "A", "5")
		s.until("all is sent", func() bool { return radio.Stats().Out.Delivered == 10 })
		s.balanced(radio)
		s.balanced(two)
	})

	showUDP(t, "RD-06 the datagram is the size of the group, the group and the body", func(s *stage) {
		radio, dish, plain := s.radio(), s.dish(), s.packets()
		s.connect(radio, "udp://"+plain.LocalAddr().String())
		for _, m := range [][]string{{"A", "body"}, {"", ""}, {strings.Repeat("g", 127), "x"}, {"group", ""}} {
			s.send(radio, m...)
			want := string([]byte{byte(len(m[0]))}) + m[0] + m[1]
			if got, _ := s.caught(plain); got != want {
				s.Fatalf("datagram %.40q, want %.40q", got, want)
			}
		}
		s.join(dish, "A")
		endpoint := s.bound(dish, anyPort)
		longest := strings.Repeat("g", 255)
		s.matches(radio.Send(s.ctx, []byte(longest[:128]), nil), socket.ErrGroup)
		s.join(dish, longest)
		s.throw(plain, endpoint, "\xff"+longest+"body")
		s.want(dish, longest, "body")
		s.throw(plain, endpoint, "\x01Abody", "\x01A", "\x01A\x00\x01")
		for _, body := range []string{"body", "", "\x00\x01"} {
			s.want(dish, "A", body)
		}
		m, from, err := func() (socket.Message, socket.Peer, error) {
			s.throw(plain, endpoint, "\x01Alast")
			return dish.RecvFrom(s.ctx)
		}()
		if err != nil || m.String() != `["A" "last"]` || from.Endpoint != endpoint {
			s.Fatalf("received %v of %+v, %v", m, from, err)
		}
	})

	showUDP(t, "RD-06 what is malformed or does not fit is dropped and counted, and hurts nobody", func(s *stage) {
		dish, plain := s.dish(socket.WithRecvHWM(2), socket.WithMaxMessageSize(100)), s.packets()
		m := dish.Monitor()
		s.join(dish, "A")
		endpoint := s.bound(dish, anyPort)
		malformed := []string{"", "\x01", "\x05ABCD", "\xffA", "\x01\x00body", "\x03A\x00Bbody"}
		large := []string{"\x01A" + strings.Repeat("x", 100), "\x01A" + strings.Repeat("x", 8191), "\x01A" + strings.Repeat("x", 60000)}
		s.throw(plain, endpoint, malformed...)
		s.throw(plain, endpoint, large...)
		s.throw(plain, endpoint, "\x01Bfiltered", "\x01A1", "\x01A2", "\x01A3", "\x01A4")
		s.came(dish, 14)
		e := s.event(m, socket.EventDropping)
		equal(s, "reason", e.Reason, socket.DropFull)
		equal(s, "endpoint", e.Endpoint, endpoint)
		in := dish.Stats().In
		equal(s, "malformed", in.Dropped[socket.DropMalformed], uint64(len(malformed)))
		equal(s, "too large", in.Dropped[socket.DropTooLarge], uint64(len(large)))
		equal(s, "filtered", in.Dropped[socket.DropFiltered], 1)
		equal(s, "for want of room", in.Dropped[socket.DropFull], 2)
		s.want(dish, "A", "1")
		s.want(dish, "A", "2")
		s.throw(plain, endpoint, "\x01A5")
		s.want(dish, "A", "5")
		s.balanced(dish)
	})

	showUDP(t, "RD-06 a dish receives of streams and of datagrams", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		s.join(dish, "A")
		s.connect(radio, s.bound(dish, anyPort))
		endpoint := s.bound(radio, "tcp://127.0.0.1:0")
		s.connect(dish, endpoint)
		s.members(radio, "A", 1)
		s.send(radio, "A", "twice")
		s.want(dish, "A", "twice")
		s.want(dish, "A", "twice")
		if err := radio.Unbind(endpoint); err != nil {
			s.Fatal(err)
		}
		s.until("the stream has ended", func() bool { return radio.Stats().Peers+dish.Stats().Peers == 0 })
		s.send(radio, "A", "once")
		s.want(dish, "A", "once")
		s.send(radio, "A", "the end")
		s.want(dish, "A", "the end")
	})

	showUDP(t, "RD-07 RADIO does not bind udp, DISH does not connect to it, others do neither", func(s *stage) {
		radio, dish, push := s.radio(), s.dish(), s.push()
		_, err := radio.Bind("udp://127.0.0.1:0")
		s.matches(err, socket.ErrEndpoint)
		s.says(err, "RADIO connects")
		err = dish.Connect("udp://127.0.0.1:5555")
		s.matches(err, socket.ErrEndpoint)
		s.says(err, "DISH binds")
		err = push.Connect("udp://127.0.0.1:5555")
		s.matches(err, socket.ErrEndpoint)
		s.says(err, "RADIO, DISH and DGRAM")
		_, err = push.Bind("udp://127.0.0.1:0")
		s.matches(err, socket.ErrEndpoint)
	})
}

func TestUDPEndpoint(t *testing.T) {
	showUDP(t, "EP-40 a multicast group reaches all who have bound it", func(s *stage) {
		group := "udp://" + loopbackName(s) + ";239.77.3.1:0"
		one, two, radio := s.dish(), s.dish(), s.radio()
		endpoint, err := one.Bind(group)
		if err != nil {
			s.Skipf("no multicast on the loopback interface: %v", err)
		}
		equal(s, "second", s.bound(two, endpoint), endpoint)
		s.connect(radio, endpoint)
		for _, d := range []*socket.Dish{one, two} {
			s.join(d, "A")
		}
		s.send(radio, "A", "to all")
		s.want(one, "A", "to all")
		s.want(two, "A", "to all")
	})

	showUDP(t, "EP-41 what can never be sent to or bound is refused", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		for _, e := range []string{"udp://*:5555", "udp://127.0.0.1:*", "udp://127.0.0.1:0", "udp://127.0.0.1", "udp://x y:1"} {
			s.matches(radio.Connect(e), socket.ErrEndpoint)
		}
		for _, e := range []string{"udp://127.0.0.1", "udp://127.0.0.1:x", "udp://lo;127.0.0.1:5555", "udp://"} {
			_, err := dish.Bind(e)
			s.matches(err, socket.ErrEndpoint)
		}
		secret := socket.Encrypted()
		_, err := s.dish(secret).Bind(anyPort)
		s.matches(err, socket.ErrEndpoint)
		s.says(err, "neither encryption")
		s.matches(s.radio(secret).Connect("udp://127.0.0.1:5555"), socket.ErrEndpoint)
	})

	showUDP(t, "EP-42 a datagram has 8192 octets at most", func(s *stage) {
		radio, dish := s.radio(), s.dish()
		s.join(dish, "AB")
		s.connect(radio, s.bound(dish, anyPort))
		s.matches(radio.SendGroup(s.ctx, "AB", make([]byte, 8190)), socket.ErrTooLarge)
		s.matches(radio.SendGroup(s.ctx, "no member", make([]byte, 8183)), socket.ErrTooLarge)
		equal(s, "messages", radio.Stats().Out.Messages, 0)
		body := strings.Repeat("x", 8189)
		s.send(radio, "AB", body)
		s.want(dish, "AB", body)

		a, b := s.datagram(), s.datagram()
		to := strings.TrimPrefix(s.bound(b, anyPort), "udp://")
		from := strings.TrimPrefix(s.bound(a, anyPort), "udp://")
		s.matches(a.Send(s.ctx, []byte(to), make([]byte, 8193)), socket.ErrTooLarge)
		body = strings.Repeat("x", 8192)
		s.send(a, to, body)
		s.want(b, from, body)
	})

	showUDP(t, "EP-43 the transport's options are in effect", func(s *stage) {
		hops := socket.WithPacketTransport(udp.New(udp.WithMulticastHops(256)))
		_, err := s.dish(hops).Bind(anyPort)
		s.says(err, "WithMulticastHops(256)")
		radio := s.radio(hops)
		m := radio.Monitor()
		s.connect(radio, "udp://127.0.0.1:5555")
		s.says(s.event(m, socket.EventConnectFailed).Err, "WithMulticastHops(256)")
		if _, err := socket.NewRadio(socket.WithPacketTransport(nil)); !errors.Is(err, socket.ErrOption) {
			s.Fatalf("a transport of nil: %v", err)
		}
	})

	showUDP(t, "EP-40 unbinding and closing give the port back", func(s *stage) {
		dish := s.dish()
		s.join(dish, "A")
		m := dish.Monitor()
		endpoint := s.bound(dish, anyPort)
		s.throw(s.packets(), endpoint, "\x01Aleft")
		s.arrived(dish, 1)
		if err := dish.Unbind(endpoint); err != nil {
			s.Fatal(err)
		}
		s.event(m, socket.EventUnbound)
		s.bound(dish, endpoint)
		s.want(dish, "A", "left")
		if err := dish.Close(); err != nil {
			s.Fatal(err)
		}
		s.bound(s.dish(), endpoint)
	})
}

func loopbackName(s *stage) string {
	s.Helper()
	all, err := net.Interfaces()
	if err != nil {
		s.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	s.Skip("no loopback interface")
	return ""
}
