package ws

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/internal/carrier"
	"github.com/brokerless/brokerless/transport"
)

// parting is how long Close tries to tell the peer.
const parting = 50 * time.Millisecond

// conn is a connection that speaks ZMTP above and ZWS below. Its goroutine, run, opens the WebSocket and then reads it;
// keep, another, writes PING and PONG.
type conn struct {
	local, remote net.Addr
	certificate   *x509.Certificate // verified by an HTTP server
	client        bool
	below         net.Conn // nil until it was hijacked

	mechanism chan string   // of capacity 1: what our greeting says
	opened    chan struct{} // closed when the WebSocket is open, or cannot be
	err       error         // why it cannot; set before
	ch        *channel      // set before
	unnamed   bool          // no mechanism; set before
	ended     chan struct{} // closed when run is over
	closed    chan struct{} // closed by Close
	once      sync.Once

	in  inbox
	out outbox

	deadlines sync.Mutex
	write     carrier.Deadline // until the WebSocket is open
	over      bool             // it is the carrier's

	terms   chan transport.Terms // of capacity 1
	pong    chan []byte          // of capacity 1: to be answered
	began   time.Time            // what heard counts from
	heard   atomic.Int64         // when the peer last gave a sign of life
	crammed atomic.Bool          // run waits for the reader
}

func newConn(below net.Conn, local, remote net.Addr, client bool) *conn {
	c := &conn{
		local: local, remote: remote, client: client, below: below,
		mechanism: make(chan string, 1),
		opened:    make(chan struct{}),
		ended:     make(chan struct{}),
		closed:    make(chan struct{}),
		terms:     make(chan transport.Terms, 1),
		pong:      make(chan []byte, 1),
		began:     time.Now(),
	}
	c.in.init()
	return c
}

// run opens the WebSocket and reads it until it ends.
func (c *conn) run(open func(mechanism string) (*channel, error)) {
	defer close(c.ended)
	var mechanism string
	select {
	case mechanism = <-c.mechanism:
	case <-c.closed:
		c.err = net.ErrClosed
		c.fail(c.err)
		close(c.opened)
		return
	}
	ch, err := open(mechanism)
	if err == nil {
		ch.signs.ping, ch.signs.pong = c.onPing, c.hear
		err = c.adopt(ch)
	}
	if err != nil {
		c.err = err
		c.fail(err)
		close(c.opened)
		return
	}
	close(c.opened)
	c.in.put(greeting(mechanism))
	stop, kept := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(kept)
		c.keep(stop)
	}()
	c.fail(c.pump())
	close(stop)
	<-kept
}

// adopt takes an open WebSocket for its own, unless Close was first.
func (c *conn) adopt(ch *channel) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	select {
	case <-c.closed:
		_ = ch.CloseNow()
		return net.ErrClosed
	default:
	}
	c.ch, c.below, c.over = ch, ch.on.Conn, true
	c.unnamed = strings.EqualFold(ch.Subprotocol(), unnamed)
	ch.SetReadLimit(1 + maxHandshake)
	c.write.Stop()
	return ch.on.SetWriteLimit(c.write.At())
}

// fail ends the reading, behind what has come.
func (c *conn) fail(why error) { c.in.end(why) }

// Read reads what the peer has sent, as frames of ZMTP.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.in.read(b, c.closed)
	return n, c.explain("read", err)
}

// CloseWrite ends our direction by a Close frame. The peer answers it with its own, and sends nothing more.
func (c *conn) CloseWrite() error {
	if err := c.await(); err != nil {
		return c.explain("close", err)
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	_, err := c.ch.on.Flush()
	if err == nil {
		err = c.control(opClose, closeNormal)
	}
	return c.explain("close", err)
}

// Close ends the connection and waits for its goroutines. It tells the peer if that needs no long waiting.
func (c *conn) Close() (err error) {
	c.once.Do(func() {
		c.deadlines.Lock()
		close(c.closed)
		ch, below := c.ch, c.below
		c.deadlines.Unlock()
		if ch != nil {
			if c.out.mu.TryLock() {
				_ = ch.on.SetWriteLimit(time.Now().Add(parting))
				_ = c.control(opClose, closeNormal)
				c.out.mu.Unlock()
			}
			err = ch.on.Close()
			_ = ch.CloseNow()
		} else if below != nil {
			err = below.Close()
		}
		<-c.ended
		c.in.deadline.Stop()
		c.write.Stop()
	})
	return err
}

// await waits until the WebSocket is open, but not beyond the write deadline.
func (c *conn) await() error {
	select {
	case <-c.opened:
	default:
		select {
		case <-c.opened:
		case <-c.write.Past():
			return os.ErrDeadlineExceeded
		case <-c.closed:
			return net.ErrClosed
		}
	}
	return c.err
}

// LocalAddr returns the address of our end, as the transport below has it.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end, as the transport below has it.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// NetConn returns the connection below, to ask the system about; nil if there is none yet.
func (c *conn) NetConn() net.Conn {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	return c.below
}

// Unread reports whether something of the peer is here that Read has not returned.
func (c *conn) Unread() bool {
	c.deadlines.Lock()
	ch := c.ch
	c.deadlines.Unlock()
	return c.in.filled() || ch != nil && !ch.on.Reading()
}

// PeerCertificate implements transport.Certified.
func (c *conn) PeerCertificate() (der []byte, name string) {
	if c.certificate != nil {
		return c.certificate.Raw, c.certificate.Subject.CommonName
	}
	if t, ok := c.NetConn().(transport.Certified); ok {
		return t.PeerCertificate()
	}
	return nil, ""
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets when Read gives up.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.deadline.Set(t)
	return nil
}

// SetWriteDeadline sets when Write gives up.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.over {
		return c.ch.on.SetWriteLimit(t)
	}
	c.write.Set(t)
	return nil
}

func (c *conn) explain(op string, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // as a Reader returns it
		return err
	}
	select {
	case <-c.closed:
		err = net.ErrClosed
	default:
	}
	if e := new(net.OpError); errors.As(err, &e) {
		return fmt.Errorf("%s ws: %w", op, err)
	}
	return &net.OpError{Op: op, Net: "ws", Source: c.local, Addr: c.remote, Err: err}
}
