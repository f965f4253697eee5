package mdns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/brokerless/brokerless/internal/lan"
)

const (
	maxBackoff = time.Second // between reads that fail
	hopLimit   = 255         // RFC 6762 section 11
)

// Groups returns the multicast group of each family.
func groups() (four, six net.UDPAddr) {
	return net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: mdnsPort}, net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: mdnsPort}
}

// sockets is the network of the host: a socket of each family it has, bound to
// port 5353 together with whoever else does multicast DNS here.
type sockets struct {
	four *ipv4.PacketConn // nil if the host has no IPv4
	six  *ipv6.PacketConn // nil if it has no IPv6

	receive func(packet)
	cancel  context.CancelFunc
	readers sync.WaitGroup

	mu    sync.Mutex
	links map[int]lan.Link
}

// openSockets opens them. It fails only if neither family can be had.
func openSockets(receive func(packet)) (network, error) {
	s := &sockets{receive: receive}
	// Asked for an address of the multicast range, package net binds the port on
	// all addresses and lets others share it.
	four, err4 := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(224, 0, 0, 0), Port: mdnsPort})
	six, err6 := net.ListenUDP("udp6", &net.UDPAddr{IP: net.ParseIP("ff02::"), Port: mdnsPort})
	if err4 != nil && err6 != nil {
		return nil, fmt.Errorf("listen on port %d: %w", mdnsPort, errors.Join(err4, err6))
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	// What a system does not have of these is done without: only Windows keeps
	// the interface of a packet to itself.
	if err4 == nil {
		s.four = ipv4.NewPacketConn(four)
		_ = s.four.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true)
		_ = s.four.SetMulticastTTL(hopLimit)
		_ = s.four.SetTTL(hopLimit)
		_ = s.four.SetMulticastLoopback(true) // other processes of this host listen too
		s.readers.Go(func() { s.read(ctx, s.read4) })
	}
	if err6 == nil {
		s.six = ipv6.NewPacketConn(six)
		_ = s.six.SetControlMessage(ipv6.FlagInterface|ipv6.FlagDst, true)
		_ = s.six.SetMulticastHopLimit(hopLimit)
		_ = s.six.SetHopLimit(hopLimit)
		_ = s.six.SetMulticastLoopback(true)
		s.readers.Go(func() { s.read(ctx, s.read6) })
	}
	return s, nil
}

// read hands over packets until the socket is closed. A read that fails is
// tried again after a while, longer each time: a network that went away must not
// keep a processor busy.
func (s *sockets) read(ctx context.Context, from func([]byte) (packet, error)) {
	buf := make([]byte, maxPacket+1)
	pause := time.Duration(0)
	for {
		p, err := from(buf)
		if err == nil {
			pause = 0
			s.receive(p)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		pause = min(max(2*pause, time.Millisecond), maxBackoff)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

func (s *sockets) read4(buf []byte) (packet, error) {
	n, cm, src, err := s.four.ReadFrom(buf)
	if err != nil {
		return packet{}, err
	}
	p := packet{data: buf[:n], from: source(src)}
	if cm != nil {
		p.link, p.unicast = cm.IfIndex, cm.Dst != nil && !cm.Dst.IsMulticast()
	}
	return p, nil
}

func (s *sockets) read6(buf []byte) (packet, error) {
	n, cm, src, err := s.six.ReadFrom(buf)
	if err != nil {
		return packet{}, err
	}
	p := packet{data: buf[:n], from: source(src)}
	if cm != nil {
		p.link, p.unicast = cm.IfIndex, cm.Dst != nil && !cm.Dst.IsMulticast()
	}
	return p, nil
}

func source(a net.Addr) netip.AddrPort {
	if u, ok := a.(*net.UDPAddr); ok {
		p := u.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

// join joins the group on each link anew: a membership does not outlive its
// interface, and an interface that came back under its old index has none. The
// error tells of links where no family could.
func (s *sockets) join(links []lan.Link) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	four, six := groups()
	for _, l := range s.links {
		if s.four != nil {
			_ = s.four.LeaveGroup(&l.Interface, &four)
		}
		if s.six != nil {
			_ = s.six.LeaveGroup(&l.Interface, &six)
		}
	}
	s.links = make(map[int]lan.Link)
	var errs []error
	for _, l := range links {
		err4, err6 := errors.ErrUnsupported, errors.ErrUnsupported
		if s.four != nil {
			err4 = s.four.JoinGroup(&l.Interface, &four)
		}
		if s.six != nil {
			err6 = s.six.JoinGroup(&l.Interface, &six)
		}
		if err4 != nil && err6 != nil {
			errs = append(errs, fmt.Errorf("brokerless: mdns: join the multicast group on %s: %w", l.Name, errors.Join(err4, err6)))
		}
		s.links[l.Index] = l
	}
	return errors.Join(errs...)
}

// send sends over IPv4 if it can. A link that is not there any more is no error.
func (s *sockets) send(d datagram) error {
	s.mu.Lock()
	l, ok := s.links[d.link]
	s.mu.Unlock()
	if !ok {
		return nil
	}
	four, six := groups()
	var err error
	switch {
	case d.to.IsValid() && d.to.Addr().Is4() && s.four != nil:
		_, err = s.four.WriteTo(d.data, nil, net.UDPAddrFromAddrPort(d.to))
	case d.to.IsValid() && d.to.Addr().Is6() && s.six != nil:
		_, err = s.six.WriteTo(d.data, nil, net.UDPAddrFromAddrPort(d.to))
	case d.to.IsValid():
	case l.HasIPv4() && s.four != nil:
		if err = s.four.SetMulticastInterface(&l.Interface); err == nil {
			_, err = s.four.WriteTo(d.data, nil, &four)
		}
	case s.six != nil:
		if err = s.six.SetMulticastInterface(&l.Interface); err == nil {
			_, err = s.six.WriteTo(d.data, nil, &six)
		}
	}
	if err != nil {
		return fmt.Errorf("on %s: %w", l.Name, err)
	}
	return nil
}

func (s *sockets) close() {
	s.cancel()
	if s.four != nil {
		_ = s.four.Close()
	}
	if s.six != nil {
		_ = s.six.Close()
	}
	s.readers.Wait()
}
