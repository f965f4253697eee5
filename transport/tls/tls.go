// Package tls carries connections over TLS on TCP, for endpoints tls+tcp://host:port.
//
// Addresses are those of package tcp, with a source too. A socket is given the transport, and with it all that TLS has to
// know, by socket.WithTransport; there is no state that sockets share:
//
//	files, err := tls.LoadFiles("service.crt", "service.key", "ca.crt")
//	...
//	pull, err := socket.NewPull(socket.WithTransport(tls.New(tls.WithFiles(files))))
//
// The name that a server's certificate must be for is the host of the address dialled, unless the configuration has a
// ServerName. Who connects with a certificate that was verified is socket.Peer's Certificate, and gives it its UserID.
//
// What libzmq offers is CURVE; between hosts that both have this library, or behind a proxy that ends TLS, this is an
// alternative. ZMTP inside is as it is over TCP.
package tls

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/brokerless/brokerless/internal/carrier"
	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/tcp"
)

const scheme = "tls+tcp"

// Transport dials and listens over TLS. It is immutable and safe for concurrent use.
type Transport struct {
	below          transport.Transport
	server, client func() (*tls.Config, error)
}

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Checker   = (*Transport)(nil)
)

// New returns a Transport. Without options it can only dial, and trusts whom the system trusts: a server needs
// [WithServerConfig] or [WithFiles].
func New(opts ...Option) *Transport {
	t := &Transport{
		below:  tcp.New(),
		client: func() (*tls.Config, error) { return &tls.Config{MinVersion: tls.VersionTLS12}, nil },
	}
	for _, opt := range opts {
		opt(t)
	}
	return t
}

// Scheme returns "tls+tcp".
func (t *Transport) Scheme() string { return scheme }

// CheckDial returns an [*transport.EndpointError] when address is none for package tcp to dial.
func (t *Transport) CheckDial(address string) error {
	c, ok := t.below.(transport.Checker)
	if !ok {
		return nil
	}
	return translate(address, c.CheckDial(address))
}

// CheckListen returns an [*transport.EndpointError] when address is none for package tcp to listen on.
func (t *Transport) CheckListen(address string) error {
	c, ok := t.below.(transport.Checker)
	if !ok {
		return nil
	}
	return translate(address, c.CheckListen(address))
}

// Dial connects to address and goes through the handshake of TLS. It blocks until that is done or ctx is. A certificate
// that is not accepted gives an error that matches [transport.ErrDenied]; but with TLS 1.3 a server that does not accept
// ours says so only when the connection is read from.
func (t *Transport) Dial(ctx context.Context, address string) (net.Conn, error) {
	config, err := t.client()
	if err != nil {
		return nil, failed("dial", address, err)
	}
	below, err := t.below.Dial(ctx, address)
	if err != nil {
		return nil, translate(address, err)
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host(address)
	}
	on := carrier.New(below)
	c := newConn(on, tls.Client(on, config))
	stop := context.AfterFunc(ctx, func() { _ = below.Close() })
	c.handshake()
	if !stop() && ctx.Err() != nil {
		_ = c.Close()
		return nil, failed("dial", address, ctx.Err())
	}
	if c.err != nil {
		_ = c.Close()
		return nil, failed("dial", address, c.err)
	}
	return c, nil
}

// Listen binds address as package tcp does. The handshake of a connection runs beside Accept, begins at once, and has no
// limit of time but that of who reads from the connection; closing the connection ends it.
func (t *Transport) Listen(ctx context.Context, address string) (net.Listener, error) {
	if t.server == nil {
		return nil, failed("listen", address, errNoConfig)
	}
	if config, err := t.server(); err != nil || config == nil {
		return nil, failed("listen", address, cmp.Or(err, errNoConfig))
	}
	below, err := t.below.Listen(ctx, address)
	if err != nil {
		return nil, translate(address, err)
	}
	return &listener{Listener: below, config: t.server}, nil
}

var errNoConfig = errors.New("no certificate: want WithServerConfig or WithFiles")

type listener struct {
	net.Listener
	config func() (*tls.Config, error)
}

// Accept returns the next connection, whose handshake has only begun.
func (l *listener) Accept() (net.Conn, error) {
	below, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	config, err := l.config()
	if err != nil {
		_ = below.Close()
		return nil, failed("accept", l.Addr().String(), err)
	}
	on := carrier.New(below)
	c := newConn(on, tls.Server(on, config))
	go c.handshake()
	return c, nil
}

// host returns the host of an address to dial, which may have a source in front of it.
func host(address string) string {
	if _, target, ok := strings.Cut(address, ";"); ok {
		address = target
	}
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	name, _, _ = strings.Cut(name, "%") // no certificate has a zone
	return strings.TrimSuffix(name, ".")
}

// translate has an error of the transport below name an endpoint of this one.
func translate(address string, err error) error {
	if e := new(transport.EndpointError); errors.As(err, &e) {
		return &transport.EndpointError{Endpoint: scheme + "://" + address, Reason: e.Reason}
	}
	return err
}

func failed(op, address string, err error) error {
	return &net.OpError{Op: op, Net: scheme, Addr: unresolved(address), Err: explain(err)}
}

// unresolved is an address as the caller wrote it, for errors that come before there is a resolved one.
type unresolved string

func (unresolved) Network() string  { return scheme }
func (u unresolved) String() string { return string(u) }
