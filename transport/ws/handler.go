package ws

import (
	"bufio"
	"net"
	"net/http"
	"sync"

	"github.com/brokerless/brokerless/internal/carrier"
)

// A Listener accepts what an HTTP server hands it: it is a net.Listener for socket.BindListener, and an http.Handler to be
// mounted where the peers shall connect. The limits on unfinished requests are those of the HTTP server; TLS is its affair
// too.
type Listener struct {
	t    *Transport
	addr addr

	conns  chan *conn
	closed chan struct{}
	once   sync.Once
}

// NewListener returns a Listener. The name stands for it where there is an address: its endpoint is "ws://" and the name.
// Of the options, WithOrigins matters.
func NewListener(name string, opts ...Option) *Listener {
	t := New(opts...)
	return &Listener{
		t:      t,
		addr:   addr{label(name), t.scheme, ""},
		conns:  make(chan *conn),
		closed: make(chan struct{}),
	}
}

// label is an address that is none.
type label string

func (label) Network() string  { return "ws" }
func (l label) String() string { return string(l) }

// Accept returns the next connection. It blocks until there is one, or the Listener is closed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: l.t.scheme, Addr: l.addr, Err: net.ErrClosed}
	}
}

// Close ends Accept. Requests that come later are answered with 503; connections that were accepted live on.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns the name.
func (l *Listener) Addr() net.Addr { return l.addr }

// ServeHTTP hands a request to Accept, and returns when the connection has ended.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	c := newConn(nil, local, remote(r.RemoteAddr), false)
	if s := r.TLS; s != nil && len(s.VerifiedChains) > 0 {
		c.certificate = s.PeerCertificates[0]
	}
	select {
	case l.conns <- c:
	case <-l.closed:
		http.Error(w, "not listening any more", http.StatusServiceUnavailable)
		return
	case <-r.Context().Done():
		return
	}
	c.run(func(mechanism string) (*channel, error) {
		ch := new(channel)
		return l.t.upgrade(ch, hijacker{w, ch}, r, mechanism)
	})
}

// remote is the address of an HTTP client.
func remote(s string) net.Addr {
	if a, err := net.ResolveTCPAddr("tcp", s); err == nil { // numeric: nothing is looked up
		return a
	}
	return label(s)
}

// A hijacker puts a carrier between the connection and who hijacks it.
type hijacker struct {
	http.ResponseWriter
	ch *channel
}

// Hijack hands the connection over.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, b, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.ch.on = carrier.New(c)
	b.Writer.Reset(h.ch.on)
	return h.ch.on, b, nil
}
