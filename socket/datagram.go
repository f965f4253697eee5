package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// kindDatagram is what libzmq calls the type. It is on no wire.
const kindDatagram = "DGRAM"

// Datagram sends and receives datagrams of udp as they are, to and from any
// program (ST-07): libzmq's DGRAM. It is bound, to one endpoint, and never
// connected. A message is two frames, the address of the other side as
// "192.0.2.7:5555" or "[2001:db8::7]:5555", and what the datagram has.
//
// Nothing tells whether a datagram has arrived, and there are no peers:
// WaitPeers counts none. There is no security either; with WithSecurity or
// WithAuthenticator Bind is refused.
type Datagram struct {
	*socket
	receiving
	*addressing
}

// NewDatagram returns a DGRAM socket. The error, if any, matches ErrOption.
func NewDatagram(opts ...DatagramOption) (*Datagram, error) {
	c := newConfig()
	for _, o := range opts {
		o.forDatagram(c)
	}
	s, err := newSocket(kindDatagram, c)
	if err != nil {
		return nil, err
	}
	s.cfg.transports = nil
	d := &Datagram{socket: s, receiving: receiving{s}, addressing: &addressing{s: s}}
	s.rules = d.addressing
	s.packing = &packing{unpack: d.unpack, pack: packAddressed}
	return d, nil
}

var errNoConnections = errors.New("a DGRAM has no connections, it binds an endpoint of udp")

// Connect is refused with ErrEndpoint: a DGRAM is bound (ST-07, EP-41).
func (d *Datagram) Connect(endpoint string) error {
	return d.fail("connect", endpoint, &peerError{ErrEndpoint, errNoConnections})
}

// ConnectFunc is refused as Connect is.
func (d *Datagram) ConnectFunc(name string, _ func(context.Context) (net.Conn, error)) error {
	return d.Connect(name)
}

// BindListener closes l, and is refused with ErrEndpoint.
func (d *Datagram) BindListener(l net.Listener) error {
	l.Close()
	return d.fail("bind", l.Addr().Network()+"://"+l.Addr().String(), &peerError{ErrEndpoint, errNoConnections})
}

// AttachConn closes c, and is refused with ErrEndpoint.
func (d *Datagram) AttachConn(c net.Conn) error {
	c.Close()
	return d.fail("attach", "conn", &peerError{ErrEndpoint, errNoConnections})
}

// RecvDatagram is Recv with the two frames apart: the address of the sender, and
// what the datagram has, which is the caller's to keep and change.
func (d *Datagram) RecvDatagram(ctx context.Context) (from netip.AddrPort, body []byte, err error) {
	m, err := d.Recv(ctx)
	if err != nil {
		return netip.AddrPort{}, nil, err
	}
	from, err = netip.ParseAddrPort(string(m[0]))
	return from, m[1], err
}

// addressing gives DGRAM its rules and its methods to send.
type addressing struct {
	s    *socket
	pipe *pipe  // of the bound endpoint, if there is one; guarded by the send lock
	text []byte // of the goroutine that receives
}

// Send queues a datagram of two frames: the address it goes to, in the form in
// which Recv gives it, and the octets, at most 8192 (EP-42). It waits while the
// queue is full or the socket is not bound. The frames are copied before Send
// returns. An error means that nothing was queued: ctx's own, ErrClosed,
// ErrTooLarge or ErrMessage. Safe for concurrent use.
func (b *addressing) Send(ctx context.Context, frames ...[]byte) error {
	return b.send(ctx, true, frames)
}

// TrySend is Send that returns ErrWouldBlock rather than wait.
func (b *addressing) TrySend(frames ...[]byte) error {
	return b.send(context.Background(), false, frames)
}

func (b *addressing) send(ctx context.Context, wait bool, frames [][]byte) error {
	if len(frames) != 2 {
		return b.s.fail("send", "", fmt.Errorf("%w: %d frames, a DGRAM sends an address and a datagram", ErrMessage, len(frames)))
	}
	to, err := netip.ParseAddrPort(string(frames[0]))
	if err != nil {
		return b.s.fail("send", "", &peerError{ErrMessage, err})
	}
	return b.put(ctx, wait, to, frames[1])
}

// SendTo is Send with the address as a value.
func (b *addressing) SendTo(ctx context.Context, to netip.AddrPort, body []byte) error {
	return b.put(ctx, true, to, body)
}

func (b *addressing) put(ctx context.Context, wait bool, to netip.AddrPort, body []byte) error {
	s := b.s
	if !to.IsValid() || to.Port() == 0 {
		return s.fail("send", "", fmt.Errorf("%w: address %v, a datagram goes to an IP address and a port", ErrMessage, to))
	}
	if len(body) > zmtp.MaxDatagram {
		return s.fail("send", "", fmt.Errorf("datagram of %d octets: %w, the limit is %d", len(body), ErrTooLarge, zmtp.MaxDatagram))
	}
	var room [64]byte
	address, err := to.AppendBinary(room[:0])
	if err != nil {
		return s.fail("send", "", &peerError{ErrMessage, err})
	}
	frames := [2][]byte{address, body}
	size, err := s.check(ctx, frames[:])
	if err != nil {
		return s.fail("send", "", err)
	}
	s.send.Lock()
	for {
		if s.send.closed {
			s.send.Unlock()
			return s.fail("send", "", ErrClosed)
		}
		if p := b.pipe; p != nil && p.out.Fits(size) {
			wake := p.out.Append(nil, frames[:])
			s.send.waiters.wakeOne() // there may be room for another, who finds out
			s.send.Unlock()
			if wake != nil {
				wake.Wake()
			}
			return nil
		}
		if err := s.await(ctx, wait); err != nil {
			s.send.Unlock()
			return s.fail("send", "", err)
		}
	}
}

// packAddressed makes a datagram of an address, as put queues it, and its octets.
func packAddressed(b, address, body []byte) ([]byte, netip.AddrPort) {
	var to netip.AddrPort
	if to.UnmarshalBinary(address) != nil {
		return nil, netip.AddrPort{} // cannot be: put has made it
	}
	return append(b, body...), to
}

// unpack makes a message of a datagram.
func (b *addressing) unpack(body []byte, from netip.AddrPort, frames *[2][]byte) (DropReason, bool) {
	b.text = netip.AddrPortFrom(from.Addr().Unmap(), from.Port()).AppendTo(b.text[:0])
	frames[0], frames[1] = b.text, body
	return 0, true
}

// bind makes p the pipe of the endpoint that the socket sends from.
func (b *addressing) bind(p *pipe) error {
	s := b.s
	s.send.Lock()
	defer s.send.Unlock()
	switch {
	case s.send.closed:
		return ErrClosed
	case b.pipe != nil:
		return fmt.Errorf("%w: bound to %s already, and a DGRAM has one endpoint", ErrEndpoint, b.pipe.endpoint)
	}
	b.pipe = p
	s.send.enter(p)
	s.send.waiters.wakeAll()
	return nil
}

func (b *addressing) open(*pipe) {}

func (b *addressing) attach(*session) error { return nil }

func (b *addressing) detach(*session) {}

func (b *addressing) drop(p *pipe) {
	if b.pipe == p {
		b.pipe = nil
	}
}

func (b *addressing) room(*pipe) { b.s.send.waiters.wakeAll() }
