package socket

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/brokerless/brokerless/pattern"
	"github.com/brokerless/brokerless/transport"
)

// Endpoints of datagrams have no connections, so no handshake, no peers and no
// sessions: one that is connected is a pipe whose messages a caster sends, one
// that is bound is a gate (RD-06).

// A packing is how the messages of a socket type and datagrams come of each other.
type packing struct {
	// unpack makes the frames of a message of a datagram, or says why it is
	// dropped. They may be of b, and are copied before the next call. It is nil if
	// the type does not receive datagrams.
	unpack func(b []byte, from netip.AddrPort, frames *[2][]byte) (DropReason, bool)
	// pack appends the datagram of a message of two frames to b, and returns where
	// it goes; the zero address is that of the endpoint. It is nil if the type does
	// not send datagrams.
	pack func(b, first, second []byte) ([]byte, netip.AddrPort)
}

// packets returns the transport of an endpoint, if that is one of datagrams.
func (s *socket) packets(endpoint string) (transport.PacketTransport, transport.Endpoint, bool) {
	e, err := transport.ParseEndpoint(endpoint)
	if err != nil {
		return nil, e, false
	}
	t := s.cfg.packets[e.Scheme]
	return t, e, t != nil && s.cfg.transports[e.Scheme] == nil
}

// mayPass returns why the socket cannot have endpoints of datagrams at all.
func (s *socket) mayPass(scheme string) error {
	switch {
	case s.packing == nil:
		return fmt.Errorf("%s does not speak %s; RADIO, DISH and DGRAM do", s.kind, scheme)
	case s.cfg.security != nil || s.cfg.authenticator != nil:
		return fmt.Errorf("%s has neither encryption nor peers to authenticate, which this socket asks for", scheme)
	}
	return nil
}

// bindPacket is Bind for an endpoint of datagrams.
func (s *socket) bindPacket(t transport.PacketTransport, e transport.Endpoint) (resolved string, err error) {
	endpoint := e.String()
	err = s.mayPass(e.Scheme)
	if err == nil && s.packing.unpack == nil {
		err = fmt.Errorf("%s connects to endpoints of %s, and does not bind them", s.kind, e.Scheme) // RD-07
	}
	if c, ok := t.(transport.Checker); ok && err == nil {
		err = c.CheckListen(e.Address)
	}
	if err != nil {
		return "", s.fail("bind", endpoint, &peerError{ErrEndpoint, err})
	}
	conn, err := t.ListenPacket(s.ctx, e.Address)
	if err != nil {
		if s.ctx.Err() != nil {
			err = ErrClosed
		}
		return "", s.fail("bind", endpoint, err)
	}
	resolved = e.Scheme + "://" + conn.LocalAddr().String()
	g, err := s.newGate(conn, resolved)
	if err != nil {
		conn.Close()
		return "", s.fail("bind", endpoint, err)
	}
	if err := s.listen(g, endpoint, resolved); err != nil {
		g.discard()
		return "", err
	}
	s.journal.listening(e.Scheme, resolved, conn.LocalAddr())
	return resolved, nil
}

// connectPacket is Connect for an endpoint of datagrams.
func (s *socket) connectPacket(t transport.PacketTransport, e transport.Endpoint) error {
	endpoint := e.String()
	err := s.mayPass(e.Scheme)
	if err == nil && s.kind != pattern.RADIO {
		err = fmt.Errorf("%s binds endpoints of %s, and does not connect to them", s.kind, e.Scheme) // RD-07, ST-07
	}
	if c, ok := t.(transport.Checker); ok && err == nil {
		err = c.CheckDial(e.Address)
	}
	if err != nil {
		return s.fail("connect", endpoint, &peerError{ErrEndpoint, err})
	}
	p := s.newPipe(endpoint, true)
	p.caster = newCaster(p, s.packing.pack)
	_, err = s.launch(p, nil, func() error {
		s.cast(p, t, e.Address)
		return nil
	})
	return err
}

// cast sends what p has for the address until p is given up. It looks the address
// up again when the application calls Redial.
func (s *socket) cast(p *pipe, t transport.PacketTransport, address string) {
	defer p.caster.end()
	pace := newPacing(s.cfg)
	for attempt := 0; !p.over(); attempt++ {
		if attempt > 0 {
			s.redials.Add(1)
		}
		ctx, cancel := context.WithTimeout(p.ctx, s.cfg.handshakeTime)
		conn, to, err := t.DialPacket(ctx, address)
		cancel()
		if err == nil {
			s.monitors.emit(Event{Kind: EventConnected, Endpoint: p.endpoint, Remote: to.String()})
			s.reached(p)
			p.caster.run(conn, to)
			conn.Close()
			continue
		}
		if p.over() {
			return
		}
		delay := pace.next(0, err)
		s.monitors.emit(Event{Kind: EventConnectFailed, Endpoint: p.endpoint, Err: err, Delay: delay})
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-p.hurry:
			timer.Stop()
			pace.hurry()
		case <-p.ctx.Done():
			timer.Stop()
		}
	}
}

// reached is told that the address of p is known: with WithImmediate it takes
// messages from here on.
func (s *socket) reached(p *pipe) {
	s.send.Lock()
	defer s.send.Unlock()
	if b, ok := s.rules.(*radiating); ok && !p.draining && !slices.Contains(b.casting, p) {
		b.casting = append(b.casting, p)
	}
}
