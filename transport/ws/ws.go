// Package ws carries ZeroMQ over WebSocket (RFC 45, ZWS 2.0), for endpoints ws://host:port/path and, with [WithTLS],
// wss://host:port/path. libzmq speaks it, in builds with it, and so can whatever has a WebSocket, such as a page in a
// browser; and it goes through HTTP proxies.
//
//	pull, err := socket.NewPull(socket.WithTransport(ws.New()))
//	...
//	pull.Bind("ws://127.0.0.1:8080/orders")
//
// A [Listener] is an http.Handler, for a server that has other pages too.
//
// Host and port are those of package tcp; the port is mandatory, the path "/" unless given (EP-50). A listener serves its
// path alone, and answers every other one with 404; it does not look at the Host. A page of another origin than the host
// it connects to is refused unless [WithOrigins] names it.
//
// Connections are not for any octets: above they speak ZMTP 3.0, below ZWS. There is no greeting in ZWS, so the
// connection takes the socket's own for the mechanism to offer or to want, as a subprotocol, and makes up the peer's. Each
// frame is a message of WebSocket. A peer that knows no mechanism (ZWS2.0) sends its identity in place of READY. Heartbeats
// are PINGs of WebSocket, as often as the socket wants them. CloseWrite sends a Close frame. A connection holds what has come
// and was not read: one message, which the limit of the socket bounds, and 64 KiB.
package ws

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/tcp"
	"github.com/brokerless/brokerless/transport/tls"
)

// Transport dials and listens over WebSocket. It is immutable and safe for concurrent use.
type Transport struct {
	scheme  string
	below   transport.Transport
	origins []string
	header  http.Header
}

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Checker   = (*Transport)(nil)
)

// New returns a Transport. Without options it is ready for use, with the scheme ws.
func New(opts ...Option) *Transport {
	t := &Transport{scheme: "ws", below: tcp.New()}
	for _, opt := range opts {
		opt(t)
	}
	return t
}

// Option sets something about a [Transport] or a [Listener]. Options apply in order, the last of a kind wins.
type Option func(*Transport)

// WithTLS makes it wss: what t knows of certificates holds. Another scheme takes another Transport; a socket may have
// both.
func WithTLS(t *tls.Transport) Option {
	return func(w *Transport) { w.scheme, w.below = "wss", t }
}

// WithCarrier sets what carries the octets. The default is tcp.New().
func WithCarrier(below transport.Transport) Option {
	return func(t *Transport) { t.below = below }
}

// WithOrigins lets pages of other hosts connect: patterns as path.Match has them, such as "*.example.com", or with
// "https://" in front, which holds for that scheme alone. Browsers say where a page comes from; other clients need not, and
// one that does not is let in.
func WithOrigins(patterns ...string) Option {
	return func(t *Transport) { t.origins = patterns }
}

// WithHeader sets what else is in the request of who dials, such as an Authorization for a proxy.
func WithHeader(h http.Header) Option {
	return func(t *Transport) { t.header = h }
}

// Scheme returns "ws" or, with TLS, "wss".
func (t *Transport) Scheme() string { return t.scheme }

// CheckDial returns an [*transport.EndpointError] when address is not host:port or host:port/path as Dial wants it.
func (t *Transport) CheckDial(address string) error {
	below, _, err := t.split(address, true)
	if err != nil {
		return err
	}
	if c, ok := t.below.(transport.Checker); ok {
		return t.translate(address, c.CheckDial(below))
	}
	return nil
}

// CheckListen returns an [*transport.EndpointError] when address is not host:port or host:port/path as Listen wants it.
func (t *Transport) CheckListen(address string) error {
	below, _, err := t.split(address, false)
	if err != nil {
		return err
	}
	if c, ok := t.below.(transport.Checker); ok {
		return t.translate(address, c.CheckListen(below))
	}
	return nil
}

// Dial connects to address. It blocks until the connection stands or ctx is done. The handshake of WebSocket begins when
// the greeting of ZMTP is written to the connection.
func (t *Transport) Dial(ctx context.Context, address string) (net.Conn, error) {
	host, target, err := t.split(address, true)
	if err != nil {
		return nil, err
	}
	below, err := t.below.Dial(ctx, host)
	if err != nil {
		return nil, t.translate(address, err)
	}
	c := newConn(below, below.LocalAddr(), below.RemoteAddr(), true)
	go c.run(func(mechanism string) (*channel, error) {
		return t.connect(below, hostOf(host), target, mechanism)
	})
	return c, nil
}

// Listen binds address. The resolved one has the path, too (EP-51).
func (t *Transport) Listen(ctx context.Context, address string) (net.Listener, error) {
	host, path, err := t.split(address, false)
	if err != nil {
		return nil, err
	}
	below, err := t.below.Listen(ctx, host)
	if err != nil {
		return nil, t.translate(address, err)
	}
	return &listener{Listener: below, t: t, path: path}, nil
}

type listener struct {
	net.Listener
	t    *Transport
	path string
}

// Accept returns the next connection, whose request is read beside.
func (l *listener) Accept() (net.Conn, error) {
	below, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := newConn(below, below.LocalAddr(), below.RemoteAddr(), false)
	go c.run(func(mechanism string) (*channel, error) { return l.t.answer(below, l.path, mechanism) })
	return c, nil
}

// Addr returns the address with its path.
func (l *listener) Addr() net.Addr { return addr{l.Listener.Addr(), l.t.scheme, l.path} }

// addr is an address with a path.
type addr struct {
	below  net.Addr
	scheme string
	path   string
}

func (a addr) Network() string { return a.scheme }
func (a addr) String() string  { return a.below.String() + a.path }

// NetAddr returns the address without the path.
func (a addr) NetAddr() net.Addr { return a.below }

// translate has an error of the transport below name an endpoint of this one.
func (t *Transport) translate(address string, err error) error {
	if e := new(transport.EndpointError); errors.As(err, &e) {
		return &transport.EndpointError{Endpoint: t.scheme + "://" + address, Reason: cmp.Or(e.Reason, "bad address")}
	}
	return err
}
