package mesh

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

// proxied announces nodes at the address of a cable, through which others
// reach them.
type proxied struct {
	*hubBackend
	cable *cable
}

func (p *proxied) Announce(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
	p.cable.lead(strings.TrimPrefix(in.Endpoints[0], "tcp://"))
	in.Endpoints = []string{"tcp://" + p.cable.Addr().String()}
	return p.hubBackend.Announce(ctx, in)
}

// cable passes on connections to target until it is cut or frozen.
type cable struct {
	net.Listener
	wg sync.WaitGroup

	mu     sync.Mutex
	target string
	broken bool
	conns  map[net.Conn]struct{}
	thaw   chan struct{} // closed unless it is frozen
}

func newCable(t testing.TB) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: l, conns: make(map[net.Conn]struct{}), thaw: make(chan struct{})}
	close(c.thaw)
	c.wg.Go(c.accept)
	t.Cleanup(func() {
		l.Close()
		c.cut()
		c.wg.Wait()
	})
	return c
}

func (c *cable) lead(target string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.target = target
}

func (c *cable) accept() {
	for {
		in, err := c.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		target := c.target
		c.mu.Unlock()
		out, err := net.Dial("tcp", target)
		if err != nil {
			in.Close()
			continue
		}
		c.mu.Lock()
		broken := c.broken
		if broken {
			in.Close()
			out.Close()
		} else {
			c.conns[in], c.conns[out] = struct{}{}, struct{}{}
			c.wg.Go(func() { c.pass(in, out) })
			c.wg.Go(func() { c.pass(out, in) })
		}
		c.mu.Unlock()
	}
}

func (c *cable) pass(from, to net.Conn) {
	_, _ = io.Copy(writer{c, to}, from)
	from.Close()
	to.Close()
}

// writer writes once the cable is not frozen.
type writer struct {
	c  *cable
	to net.Conn
}

func (w writer) Write(b []byte) (int, error) {
	w.c.mu.Lock()
	thaw := w.c.thaw
	w.c.mu.Unlock()
	<-thaw
	return w.to.Write(b)
}

// cut ends all connections, and those to come.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = true
	for conn := range c.conns {
		conn.Close()
		delete(c.conns, conn)
	}
	select {
	case <-c.thaw:
	default:
		close(c.thaw)
	}
}

// freeze passes nothing on any more, without ending anything.
func (c *cable) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.thaw = make(chan struct{})
}

// mend undoes cut.
func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = false
}
