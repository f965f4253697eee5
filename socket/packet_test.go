package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/udp"
)

// A flaky transport of packets does not find an address until it is told where it
// is, and sends nothing while it is jammed.
type flaky struct {
	*udp.Transport
	at     atomic.Pointer[string]
	dials  atomic.Int64
	jammed atomic.Bool
}

var errLost, errJammed = errors.New("nowhere to be found"), errors.New("jammed")

func (f *flaky) Scheme() string { return "flaky" }

func (f *flaky) CheckDial(string) error { return nil }

func (f *flaky) DialPacket(ctx context.Context, _ string) (transport.PacketConn, netip.AddrPort, error) {
	f.dials.Add(1)
	at := f.at.Load()
	if at == nil {
		return nil, netip.AddrPort{}, errLost
	}
	c, to, err := f.Transport.DialPacket(ctx, *at)
	return jam{c, f}, to, err
}

type jam struct {
	transport.PacketConn
	f *flaky
}

func (j jam) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if j.f.jammed.Load() {
		return 0, errJammed
	}
	return j.PacketConn.WriteToUDPAddrPort(b, to)
}

// TestCaster: messages for an address that is not known yet wait for it, up to
// the high-water mark; what the system does not take is dropped and counted; and
// an address that has moved is found again.
func TestCaster(t *testing.T) {
	const endpoint = "flaky://somewhere"
	showUDP(t, "not found yet", func(s *stage) {
		f, plain := &flaky{Transport: udp.New()}, s.packets()
		radio := s.radio(quick(), socket.WithPacketTransport(f), socket.WithSendHWM(3))
		m := radio.Monitor()
		s.connect(radio, endpoint)
		for i := range 5 {
			s.send(radio, "A", fmt.Sprint(i))
		}
		e := s.event(m, socket.EventDropping)
		equal(s, "reason", e.Reason, socket.DropFull)
		s.matches(s.event(m, socket.EventConnectFailed).Err, errLost)
		equal(s, "dropped", radio.Stats().Out.Dropped[socket.DropFull], 2)
		at := plain.LocalAddr().String()
		f.at.Store(&at)
		equal(s, "remote", s.event(m, socket.EventConnected).Remote, at)
		for i := range 3 {
			got, _ := s.caught(plain)
			equal(s, "datagram", got, fmt.Sprint("\x01A", i))
		}
		s.until("the queue is empty", func() bool { return radio.Stats().Out.Queued == 0 })
		s.balanced(radio)
	})

	showUDP(t, "not found yet, and wanted at once", func(s *stage) {
		f, plain := &flaky{Transport: udp.New()}, s.packets()
		radio := s.radio(quick(), socket.WithPacketTransport(f), socket.WithImmediate())
		s.connect(radio, endpoint)
		s.send(radio, "A", "too early")
		equal(s, "messages", radio.Stats().Out.Messages, 0)
		m := radio.Monitor()
		at := plain.LocalAddr().String()
		f.at.Store(&at)
		s.event(m, socket.EventConnected)
		s.until("messages are queued", func() bool {
			s.send(radio, "A", "in time")
			return radio.Stats().Out.Messages > 0
		})
		got, _ := s.caught(plain)
		equal(s, "datagram", got, "\x01Ain time")
	})

	showUDP(t, "not taken by the system", func(s *stage) {
		f, plain := &flaky{Transport: udp.New()}, s.packets()
		at := plain.LocalAddr().String()
		f.at.Store(&at)
		f.jammed.Store(true)
		radio := s.radio(socket.WithPacketTransport(f))
		m := radio.Monitor()
		s.connect(radio, endpoint)
		for range 10 {
			s.send(radio, "A", "lost")
		}
		e := s.event(m, socket.EventDropping)
		equal(s, "reason", e.Reason, socket.DropPeerGone)
		s.matches(e.Err, errJammed)
		s.until("all are dropped", func() bool {
			s.balanced(radio)
			return radio.Stats().Out.Dropped[socket.DropPeerGone] == 10
		})
		f.jammed.Store(false)
		s.send(radio, "A", "taken")
		got, _ := s.caught(plain)
		equal(s, "datagram", got, "\x01Ataken")
		s.until("it is counted", func() bool { return radio.Stats().Out.Delivered == 1 })
		s.balanced(radio)
	})

	showUDP(t, "moved", func(s *stage) {
		f, before, after := &flaky{Transport: udp.New()}, s.packets(), s.packets()
		at := before.LocalAddr().String()
		f.at.Store(&at)
		radio := s.radio(socket.WithPacketTransport(f))
		m := radio.Monitor()
		s.connect(radio, endpoint)
		s.event(m, socket.EventConnected)
		s.send(radio, "A", "1")
		got, _ := s.caught(before)
		equal(s, "datagram", got, "\x01A1")
		at2 := after.LocalAddr().String()
		f.at.Store(&at2)
		if err := radio.Redial(endpoint); err != nil {
			s.Fatal(err)
		}
		s.event(m, socket.EventConnected)
		s.send(radio, "A", "2")
		got, _ = s.caught(after)
		equal(s, "datagram", got, "\x01A2")
		equal(s, "lookups", f.dials.Load(), 2)
		if err := radio.Disconnect(endpoint); err != nil {
			s.Fatal(err)
		}
		s.send(radio, "A", "3")
		equal(s, "messages", radio.Stats().Out.Messages, 2)
	})

	showUDP(t, "never found", func(s *stage) {
		f := &flaky{Transport: udp.New()}
		radio, err := socket.NewRadio(quick(), socket.WithPacketTransport(f), socket.WithLinger(0))
		if err != nil {
			s.Fatal(err)
		}
		s.connect(radio, endpoint)
		s.send(radio, "A", "1")
		s.send(radio, "A", "2")
		var unsent *socket.UnsentError
		if err := radio.Close(); !errors.As(err, &unsent) || unsent.Messages != 2 {
			s.Fatalf("Close: %v", err)
		}
		s.balanced(radio)
	})
}

// TestDatagramQueue: what the system does not take yet waits, up to the
// high-water mark, and then so does Send; closing tells what was not sent.
func TestDatagramQueue(t *testing.T) {
	showUDP(t, "full", func(s *stage) {
		held := &holding{Transport: udp.New(), release: make(chan struct{})}
		d, plain := s.datagram(socket.WithSendHWM(2), socket.WithPacketTransport(held)), s.packets()
		to := plain.LocalAddr().String()
		s.bound(d, anyPort)
		equal(s, "taken", s.fill(d, 10, to, "x"), 2)
		done, cancel := context.WithCancel(s.ctx)
		cancel()
		s.matches(d.Send(done, []byte(to), nil), context.Canceled)
		sent := make(chan error)
		go func() { sent <- d.Send(s.ctx, []byte(to), []byte("waited")) }()
		close(held.release)
		if err := <-sent; err != nil {
			s.Fatal(err)
		}
		for _, want := range []string{"x", "x", "waited"} {
			got, _ := s.caught(plain)
			equal(s, "datagram", got, want)
		}
	})

	showUDP(t, "abandoned", func(s *stage) {
		held := &holding{Transport: udp.New(), release: make(chan struct{})}
		d, err := socket.NewDatagram(socket.WithLinger(0), socket.WithPacketTransport(held))
		if err != nil {
			s.Fatal(err)
		}
		s.bound(d, anyPort)
		for range 5 {
			s.send(d, "127.0.0.1:9", "x")
		}
		var unsent *socket.UnsentError
		if err := d.Close(); !errors.As(err, &unsent) || unsent.Messages != 5 {
			s.Fatalf("Close: %v", err)
		}
		s.balanced(d)
	})
}

// A holding transport of packets sends nothing before it is released.
type holding struct {
	*udp.Transport
	release chan struct{}
}

func (h *holding) ListenPacket(ctx context.Context, address string) (transport.PacketConn, error) {
	c, err := h.Transport.ListenPacket(ctx, address)
	closed := make(chan struct{})
	return held{c, h.release, closed, sync.OnceFunc(func() { close(closed) })}, err
}

type held struct {
	transport.PacketConn
	release, closed chan struct{}
	end             func()
}

func (c held) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.release:
		return c.PacketConn.WriteToUDPAddrPort(b, to)
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

func (c held) Close() error {
	c.end()
	return c.PacketConn.Close()
}
