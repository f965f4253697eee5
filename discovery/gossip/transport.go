package gossip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	maxDatagram = 64 << 10
	maxInbound  = 64 // streams that others opened
	readBuffer  = 1 << 20
	bindTries   = 16 // ports to try until one is free for UDP and for TCP
)

// A transport is the network as memberlist sees it. Unlike memberlist's own it
// bounds what others can open, ends what waits when it is shut down, and waits
// for its goroutines.
type transport struct {
	listener  net.Listener
	packet    net.PacketConn
	dialer    net.Dialer
	advertise netip.AddrPort

	packets chan *memberlist.Packet
	streams chan net.Conn
	dialing context.Context // done when no stream is to be opened any more
	mute    context.CancelFunc
	done    chan struct{}
	once    sync.Once
	loops   sync.WaitGroup

	mu      sync.Mutex
	open    map[*stream]struct{}
	inbound []*stream // of open, those that others opened, the oldest first
}

var _ memberlist.NodeAwareTransport = (*transport)(nil)

// listen binds a transport. It does not read before start.
func listen(bind netip.AddrPort) (*transport, error) {
	l, p, err := bindBoth(bind)
	for try := 1; bind.Port() == 0 && errors.Is(err, syscall.EADDRINUSE) && try < bindTries; try++ {
		l, p, err = bindBoth(bind) // another program had that port for UDP
	}
	if err != nil {
		return nil, fmt.Errorf("brokerless: gossip: %w", err)
	}
	_ = p.SetReadBuffer(readBuffer) // or what the system allows
	t := &transport{
		listener:  l,
		packet:    p,
		advertise: netip.AddrPortFrom(bind.Addr(), l.Addr().(*net.TCPAddr).AddrPort().Port()),
		packets:   make(chan *memberlist.Packet),
		streams:   make(chan net.Conn),
		done:      make(chan struct{}),
		open:      make(map[*stream]struct{}),
	}
	t.dialing, t.mute = context.WithCancel(context.Background())
	return t, nil
}

// bindBoth binds one port for TCP and for UDP.
func bindBoth(bind netip.AddrPort) (net.Listener, *net.UDPConn, error) {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(bind))
	if err != nil {
		return nil, nil, err
	}
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	p, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(bind.Addr(), port)))
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	return l, p, nil
}

// start begins to read.
func (t *transport) start() {
	t.loops.Go(t.accept)
	t.loops.Go(t.read)
}

// FinalAdvertiseAddr returns the address that others shall use.
func (t *transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return t.advertise.Addr().AsSlice(), int(t.advertise.Port()), nil
}

// PacketCh returns what brings packets.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh returns what brings the streams that others open.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// WriteTo sends a packet, and returns when that was.
func (t *transport) WriteTo(b []byte, address string) (time.Time, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return time.Time{}, err
	}
	select {
	case <-t.done:
		return time.Time{}, net.ErrClosed
	default:
	}
	_, err = t.packet.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return time.Now(), err
}

// WriteToAddress is WriteTo.
func (t *transport) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	return t.WriteTo(b, a.Addr)
}

// DialTimeout opens a stream.
func (t *transport) DialTimeout(address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(t.dialing, timeout)
	defer cancel()
	c, err := t.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return t.track(c, false)
}

// DialAddressTimeout is DialTimeout.
func (t *transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(a.Addr, timeout)
}

// track makes a stream of the connection. Of too many that others opened the
// oldest is closed, so that a newcomer is always served.
func (t *transport) track(c net.Conn, inbound bool) (net.Conn, error) {
	s := &stream{Conn: c, left: maxStream, release: t.release}
	var oldest *stream
	t.mu.Lock()
	if t.dialing.Err() != nil {
		t.mu.Unlock()
		c.Close()
		return nil, net.ErrClosed
	}
	t.open[s] = struct{}{}
	if inbound {
		t.inbound = append(t.inbound, s)
		if len(t.inbound) > maxInbound {
			oldest = t.inbound[0]
		}
	}
	t.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
	return s, nil
}

func (t *transport) release(s *stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, s)
	if i := slices.Index(t.inbound, s); i >= 0 {
		t.inbound = slices.Delete(t.inbound, i, i+1)
	}
}

// closeStreams ends all streams and lets no more begin. Packets still pass.
func (t *transport) closeStreams() {
	t.mu.Lock()
	t.mute()
	all := make([]*stream, 0, len(t.open))
	for s := range t.open {
		all = append(all, s)
	}
	t.mu.Unlock()
	for _, s := range all {
		_ = s.Close()
	}
}

// Shutdown closes everything and waits for the goroutines of the transport.
func (t *transport) Shutdown() error {
	t.once.Do(func() {
		close(t.done)
		t.closeStreams()
		t.listener.Close()
		_ = t.packet.Close()
	})
	t.loops.Wait()
	return nil
}

// accept hands over the streams that others open.
func (t *transport) accept() {
	var pause time.Duration
	for {
		c, err := t.listener.Accept()
		if err != nil {
			if !t.rest(&pause) {
				return
			}
			continue
		}
		pause = 0
		if c, err = t.track(c, true); err != nil {
			continue // closed
		}
		select {
		case t.streams <- c:
		case <-t.done:
			c.Close()
			return
		}
	}
}

// read hands over the packets that come.
func (t *transport) read() {
	buf := make([]byte, maxDatagram)
	var pause time.Duration
	for {
		n, from, err := t.packet.ReadFrom(buf)
		if err != nil {
			if !t.rest(&pause) {
				return
			}
			continue
		}
		pause = 0
		if n == 0 {
			continue // memberlist expects no such thing
		}
		select {
		case t.packets <- &memberlist.Packet{Buf: bytes.Clone(buf[:n]), From: from, Timestamp: time.Now()}:
		case <-t.done:
			return
		}
	}
}

// rest waits after an error, longer each time, and reports whether to go on.
func (t *transport) rest(pause *time.Duration) bool {
	*pause = min(max(2**pause, 5*time.Millisecond), time.Second)
	timer := time.NewTimer(*pause)
	defer timer.Stop()
	select {
	case <-t.done:
		return false
	case <-timer.C:
		return true
	}
}
