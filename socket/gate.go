package socket

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// largestDatagram is more than any has, so that none is cut off unseen.
const largestDatagram = 64 << 10

// A gate is a bound endpoint of datagrams. To the socket it is a listener where
// nobody ever connects: Accept receives datagrams until the gate is closed. They
// are queued like those of one peer; what does not fit is dropped, for there is
// nobody to hold up.
type gate struct {
	s    *socket
	conn transport.PacketConn
	from *session // stands for all who send to it

	pipe *pipe // what the socket sends from here; nil if it does not

	closed   atomic.Bool
	buf      []byte    // of the goroutine that receives, as are those that follow
	frames   [2][]byte // of the message that is received
	dropping bool      // the last message did not fit
}

// newGate opens a gate. It is to be listened at, or discarded.
func (s *socket) newGate(conn transport.PacketConn, endpoint string) (*gate, error) {
	g := &gate{s: s, conn: conn, buf: make([]byte, largestDatagram)}
	p := s.newPipe(endpoint, false)
	if s.packing.pack != nil {
		p.caster = newCaster(p, s.packing.pack)
		if err := s.rules.(*addressing).bind(p); err != nil {
			p.cancel()
			return nil, err
		}
		g.pipe = p
	}
	g.from = &session{pipe: p, peer: Peer{Endpoint: endpoint, LocalAddr: conn.LocalAddr().String(), Since: time.Now()}}
	q := queue.New(new(sync.Mutex), queue.Marks{}, false, nil) // recvSide.add sets the marks
	in := newInlet(g.from, q)
	g.from.inlet = in
	q.Lock()
	q.SetBudget(s.recv.budget)
	q.SetConsumer(in)
	q.Unlock()
	s.recv.add(in)
	return g, nil
}

// Accept implements net.Listener: it receives datagrams. It returns an error that
// reading had, or net.ErrClosed.
func (g *gate) Accept() (net.Conn, error) {
	for {
		n, from, err := g.conn.ReadFromUDPAddrPort(g.buf)
		switch {
		case err == nil:
			g.take(g.buf[:n], from)
		case g.closed.Load():
			g.s.recv.end(g.from.inlet, nil)
			if g.pipe == nil {
				g.from.pipe.cancel()
			}
			return nil, net.ErrClosed
		default:
			return nil, err
		}
	}
}

// Close implements net.Listener. What the socket still has to send from here is
// sent, and then the connection is closed.
func (g *gate) Close() error {
	g.closed.Store(true)
	if g.pipe == nil {
		return g.conn.Close()
	}
	return g.conn.SetReadDeadline(time.Unix(1, 0))
}

// Addr implements net.Listener.
func (g *gate) Addr() net.Addr { return g.conn.LocalAddr() }

// discard undoes newGate.
func (g *gate) discard() {
	g.conn.Close()
	g.s.recv.end(g.from.inlet, nil)
	g.from.pipe.retire()
}

// send sends what the socket has for the peers of the gate, until that is over.
func (g *gate) send() {
	p := g.pipe
	p.caster.run(g.conn, netip.AddrPort{})
	p.caster.end()
	g.conn.Close()
	p.retire()
}

// take queues the message of a datagram for the application, or drops it.
func (g *gate) take(b []byte, from netip.AddrPort) {
	s, c := g.s, g.s.cfg
	if len(b) > zmtp.MaxDatagram {
		s.recv.lose(1, DropTooLarge)
		return
	}
	why, ok := s.packing.unpack(b, from, &g.frames)
	if !ok {
		s.recv.lose(1, why)
		return
	}
	if size := len(g.frames[0]) + len(g.frames[1]); c.maxMessage > 0 && int64(size) > c.maxMessage || c.maxFrames == 1 {
		s.recv.lose(1, DropTooLarge)
		return
	}
	q := g.from.inlet.Queue()
	size := queue.WireSize(g.frames[:])
	q.Lock()
	if !q.Fits(size) || q.Depth().Bytes >= queue.Share && s.recv.budget.Left() < size {
		q.Unlock()
		s.recv.lose(1, DropFull)
		g.drop()
		return
	}
	wake := q.Append(nil, g.frames[:])
	s.recv.budget.Charge(size)
	q.Unlock()
	g.dropping = false
	if wake != nil {
		wake.Wake()
	}
}

// drop tells of the first message in a row that found the queue full.
func (g *gate) drop() {
	if !g.dropping {
		g.dropping = true
		g.s.monitors.emit(Event{Kind: EventDropping, Endpoint: g.from.peer.Endpoint, Peer: g.from.peer, Reason: DropFull})
	}
}
