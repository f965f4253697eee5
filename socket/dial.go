package socket

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/inproc"
)

// Connect connects the socket to an endpoint, such as "tcp://host:5555",
// "ipc:///run/app.sock" or "inproc://name". It returns at once: the connection
// is made, and made again whenever it is lost, in the background, for ever unless
// WithRedialStop says otherwise. For TLS or another way to dial, see
// [WithTransport] and ConnectFunc. An endpoint that nothing can ever be reached
// at is refused with ErrEndpoint. On DEALER, SUB, PUB and REQ a second Connect of
// the same endpoint does nothing (TR-13); on others it makes a second connection.
// Safe for concurrent use.
func (s *socket) Connect(endpoint string) error {
	if t, e, ok := s.packets(endpoint); ok {
		return s.connectPacket(t, e)
	}
	_, err := s.connect(endpoint, nil)
	return err
}

// connect is Connect for streams; admit and what it returns are those of launch.
func (s *socket) connect(endpoint string, admit func(*pipe) error) (*pipe, error) {
	t, e, err := s.transport(endpoint)
	if err != nil {
		return nil, s.fail("connect", endpoint, err)
	}
	if c, ok := t.(transport.Checker); ok {
		if err := c.CheckDial(e.Address); err != nil {
			return nil, s.fail("connect", endpoint, &peerError{ErrEndpoint, err})
		}
	}
	_, inprocess := t.(*inproc.Transport)
	return s.connectBy(endpoint, admit, func(ctx context.Context) (net.Conn, error) {
		if !inprocess { // there, to wait is all there is to dialing
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.cfg.handshakeTime)
			defer cancel()
		}
		return t.Dial(ctx, e.Address)
	})
}

// ConnectFunc connects the socket to a peer that dial reaches, however it does
// that: one of several addresses, a proxy, a tunnel. It is Connect in all else:
// it returns at once, and dial is called in the background, one call at a time,
// for the first connection and again after each that failed or was lost. Dial
// must give up when its context is done, which it is at the latest when the
// peer is disconnected; no other limit is set to how long it may take. The
// socket closes what it returns. The name stands for the peer in events, and is
// what Disconnect takes. Safe for concurrent use.
func (s *socket) ConnectFunc(name string, dial func(ctx context.Context) (net.Conn, error)) error {
	_, err := s.connectBy(name, nil, dial)
	return err
}

// connectBy is ConnectFunc; admit and what it returns are those of launch.
func (s *socket) connectBy(name string, admit func(*pipe) error, dial func(context.Context) (net.Conn, error)) (*pipe, error) {
	p := s.newPipe(name, true)
	return s.launch(p, admit, func() error { return s.dial(p, dial) })
}

// launch makes p part of the socket, and lets run work for it until it is over;
// an error of run is told in an event. Admit, unless nil, is asked about p before
// the socket has it, with the send lock held: the reason it returns is why nothing
// is connected. In place of p it returns nil if there was a pipe for the endpoint
// and there shall be no other.
func (s *socket) launch(p *pipe, admit func(*pipe) error, run func() (stopped error)) (*pipe, error) {
	name := p.endpoint
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		p.cancel()
		return nil, s.fail("connect", name, ErrClosed)
	}
	if onePerEndpoint(s.kind) {
		for other := range s.dialers {
			if other.endpoint == name {
				p.cancel()
				return nil, nil
			}
		}
	}
	if admit != nil {
		s.send.Lock()
		err := admit(p)
		s.send.Unlock()
		if err != nil {
			p.cancel()
			return nil, s.fail("connect", name, err)
		}
	}
	s.dialers[p] = struct{}{}
	s.register(p)
	s.wg.Go(func() {
		stopped := run()
		p.retire()
		s.mu.Lock()
		delete(s.dialers, p)
		s.mu.Unlock()
		if stopped != nil { // whoever hears of it can connect anew
			s.monitors.emit(Event{Kind: EventRedialStopped, Endpoint: p.endpoint, Err: stopped})
		}
	})
	return p, nil
}

// Redial makes the connections to endpoint that are down be tried at once, and
// not only after the pause that back-off prescribes: because the network is up
// again, say, or the peer's address is known to have changed. An attempt that is
// under way goes on, and is followed by another if it fails. What is up stays
// as it is, but for endpoints of datagrams, which are looked up again. It returns
// at once; an endpoint that is not connected is refused
// with ErrEndpoint. Safe for concurrent use.
func (s *socket) Redial(endpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.fail("redial", endpoint, ErrClosed)
	}
	found := false
	for p := range s.dialers {
		if p.endpoint == endpoint {
			found = true
			select {
			case p.hurry <- struct{}{}:
			default:
			}
		}
	}
	if !found {
		return s.fail("redial", endpoint, &peerError{ErrEndpoint, errNotConnected})
	}
	return nil
}

// Disconnect ends the connections that Connect made to endpoint, and stops
// making them. It returns at once; what is queued for them is still sent for
// at most the linger time, in the background. An endpoint that is not
// connected is refused with ErrEndpoint.
func (s *socket) Disconnect(endpoint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.fail("disconnect", endpoint, ErrClosed)
	}
	found := false
	for p := range s.dialers {
		if p.endpoint == endpoint {
			found = true
			s.part(p)
		}
	}
	if !found {
		return s.fail("disconnect", endpoint, &peerError{ErrEndpoint, errNotConnected})
	}
	return nil
}

// part ends a pipe that is to be disconnected. The caller holds mu.
func (s *socket) part(p *pipe) {
	delete(s.dialers, p)
	p.drain(s.cfg.linger)
	if s.cfg.redialStop&StopAfterDisconnect != 0 {
		p.finish()
	}
}

var errNotConnected = errors.New("not connected to this endpoint")

// drain takes no more messages for p, and ends it once those it has are
// written, or after the linger time.
func (p *pipe) drain(linger time.Duration) {
	s := p.s
	s.send.Lock()
	if p.draining {
		s.send.Unlock()
		return
	}
	s.rules.drop(p)
	p.draining = true
	x := p.session
	idle := x == nil && p.out.Depth().Messages == 0
	s.unlockSend()
	switch {
	case idle || linger == 0:
		p.cancel()
		return
	case linger > 0:
		stop := time.AfterFunc(linger, p.cancel)
		context.AfterFunc(p.ctx, func() { stop.Stop() })
	}
	if x != nil {
		x.Wake()
	}
}

// dial keeps p connected until it is given up, and returns nil then, or the
// reason for which it stops by itself.
func (s *socket) dial(p *pipe, dial func(context.Context) (net.Conn, error)) (stopped error) {
	pace := newPacing(s.cfg)
	for attempt := 0; !p.over(); attempt++ {
		if attempt > 0 {
			s.redials.Add(1)
		}
		var lived time.Duration
		conn, err := dial(p.ctx)
		kind := EventRedial
		if err != nil {
			kind = EventConnectFailed
			if err = classify(err); denied(err) && !p.over() {
				s.refused.Add(1)
				s.denied.Add(1)
				s.journal.refused(p, "", err)
			}
		} else {
			e := Event{Kind: EventConnected, Endpoint: p.endpoint}
			if a := conn.RemoteAddr(); a != nil {
				e.Remote = a.String()
			}
			s.monitors.emit(e)
			if lived, err = s.establish(p.ctx, p, conn); lived > 0 {
				p.calm()
			}
		}
		if p.over() {
			return nil
		}
		if s.cfg.redialStop.after(kind != EventConnectFailed, lived > 0, err) {
			if kind == EventConnectFailed {
				s.monitors.emit(Event{Kind: EventConnectFailed, Endpoint: p.endpoint, Err: err})
			}
			return err
		}
		delay := pace.next(lived, err)
		s.monitors.emit(Event{Kind: kind, Endpoint: p.endpoint, Err: err, Delay: delay})
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
	return nil
}

// calm forgets that the connection was wanted in a hurry, once it was there.
func (p *pipe) calm() {
	select {
	case <-p.hurry:
	default:
	}
}

// over reports whether nothing is left to do for p.
func (p *pipe) over() bool {
	if p.ctx.Err() != nil {
		return true
	}
	p.s.send.Lock()
	defer p.s.send.Unlock()
	return p.draining && (p.final || p.out.Depth().Messages == 0)
}

// transport returns the transport of an endpoint.
func (s *socket) transport(endpoint string) (transport.Transport, transport.Endpoint, error) {
	e, err := transport.ParseEndpoint(endpoint)
	if err != nil {
		return nil, e, &peerError{ErrEndpoint, err}
	}
	t := s.cfg.transports[e.Scheme]
	if t == nil {
		return nil, e, &peerError{ErrEndpoint, &transport.EndpointError{
			Endpoint: endpoint, Reason: "no transport for the scheme " + e.Scheme,
		}}
	}
	return t, e, s.carriesOctets(endpoint, t)
}

// onePerEndpoint reports whether a socket type connects to an endpoint once at most.
func onePerEndpoint(kind string) bool {
	switch kind {
	case "DEALER", "SUB", "PUB", "REQ":
		return true
	}
	return false
}
