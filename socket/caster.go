package socket

import (
	"context"
	"net/netip"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// A caster sends the messages of a pipe as datagrams, one each. It belongs to one
// goroutine.
type caster struct {
	p     *pipe
	pack  func(b, first, second []byte) ([]byte, netip.AddrPort)
	from  *queue.Reader
	wake  chan struct{} // of capacity 1: the pipe has messages
	buf   []byte
	lossy bool // the last datagram could not be sent
}

func newCaster(p *pipe, pack func(b, first, second []byte) ([]byte, netip.AddrPort)) *caster {
	c := &caster{p: p, pack: pack, from: queue.NewReader(p.out), wake: make(chan struct{}, 1)}
	p.s.send.Lock()
	p.out.SetConsumer(c)
	p.s.send.Unlock()
	return c
}

// Wake implements queue.Waker.
func (c *caster) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run sends what the pipe has, and goes on until the pipe is over or is to be
// connected anew. It never waits for a peer, for there is none; the system may
// make it wait until there is room for a datagram.
func (c *caster) run(conn transport.PacketConn, to netip.AddrPort) {
	stop := context.AfterFunc(c.p.ctx, func() { conn.Close() })
	defer stop()
	if c.buf == nil {
		c.buf = make([]byte, 0, zmtp.MaxDatagram)
	}
	for {
		m := c.from.Next()
		if m == nil {
			if c.p.over() {
				return
			}
			select {
			case <-c.wake:
			case <-c.p.hurry: // nil, and so never, if it is not one of Connect
				return
			case <-c.p.ctx.Done():
				return
			}
			continue
		}
		b, other := c.pack(c.buf[:0], m.Frame(0), m.Frame(1))
		if other.IsValid() {
			to = other
		}
		_, err := conn.WriteToUDPAddrPort(b, to)
		if err != nil && c.p.ctx.Err() != nil {
			return
		}
		c.from.Done()
		if err != nil {
			c.lose(err)
		} else {
			c.lossy = false
		}
	}
}

// lose counts a datagram that the system did not take, and tells of the first one
// in a row.
func (c *caster) lose(err error) {
	s := c.p.s
	s.send.Lock()
	c.from.Settle()
	c.p.spoil(1, DropPeerGone)
	s.send.Unlock()
	if !c.lossy {
		c.lossy = true
		s.monitors.emit(Event{Kind: EventDropping, Endpoint: c.p.endpoint, Reason: DropPeerGone, Err: err})
	}
}

// end drops what the caster has taken and not sent.
func (c *caster) end() {
	n := c.from.Wipe()
	s := c.p.s
	s.send.Lock()
	defer s.send.Unlock()
	c.p.out.SetConsumer(nil)
	c.p.spoil(n, DropClosed)
	if s.send.closed {
		s.send.unsent += n
	}
}
