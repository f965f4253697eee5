// Package socks dials TCP by way of a SOCKS5 proxy (RFC 1928), for endpoints tcp://host:port.
//
// A socket is given it in place of its own tcp transport:
//
//	push, err := socket.NewPush(socket.WithTransport(socks.New("proxy.example:1080")))
//
// A host name goes to the proxy as it is and is resolved there. Binding does not go through the proxy: it is that of package
// tcp. Package tls and package ws take it by their WithCarrier. To the socket the remote address of a connection is the
// proxy's.
package socks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/net/proxy"

	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/tcp"
)

const scheme = "tcp"

// Transport dials through a proxy and listens without one. It is immutable and safe for concurrent use.
type Transport struct {
	proxy   string
	below   *tcp.Transport
	auth    func() *proxy.Auth // printing does not see into it
	connect connector
}

// A connector asks a proxy, over a connection to it, for one to an address.
type connector interface {
	DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
}

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Checker   = (*Transport)(nil)
)

// Option sets something about a [Transport]. Options apply in order, the last of a kind wins.
type Option func(*Transport)

// WithAuth sets the user name and the password to show to a proxy that wants them (RFC 1929): at most 255 octets each, else
// no address can be dialled. They are sent in the clear. An empty user name is none.
func WithAuth(user, password string) Option {
	return func(t *Transport) {
		if user == "" {
			t.auth = func() *proxy.Auth { return nil }
			return
		}
		t.auth = func() *proxy.Auth { return &proxy.Auth{User: user, Password: password} }
	}
}

// WithTCP sets what dials the proxy, and listens. The default is tcp.New().
func WithTCP(below *tcp.Transport) Option {
	return func(t *Transport) { t.below = below }
}

// New returns a Transport for the proxy at an address, host:port as package tcp dials it.
func New(address string, opts ...Option) *Transport {
	t := &Transport{proxy: address, below: tcp.New(), auth: func() *proxy.Auth { return nil }}
	for _, opt := range opts {
		opt(t)
	}
	dialer, _ := proxy.SOCKS5(scheme, address, t.auth(), nil) // it returns no error
	t.connect = dialer.(connector)
	return t
}

// String returns the address of the proxy.
func (t *Transport) String() string { return "SOCKS5 " + t.proxy }

// Scheme returns "tcp".
func (t *Transport) Scheme() string { return scheme }

// CheckDial returns an [*transport.EndpointError] when address, or that of the proxy, is not host:port. A source has no
// place in it: the connection leaves from the proxy.
func (t *Transport) CheckDial(address string) error {
	if strings.Contains(address, ";") {
		return refuse(address, "a source is for connections without a proxy")
	}
	if err := t.below.CheckDial(address); err != nil {
		return err
	}
	if a := t.auth(); a != nil && max(len(a.User), len(a.Password)) > 255 {
		return refuse(address, "a user name or password of more than 255 octets for the proxy")
	}
	if err := t.below.CheckDial(t.proxy); err != nil {
		return refuse(address, "the proxy: "+err.Error())
	}
	return nil
}

// CheckListen is that of package tcp.
func (t *Transport) CheckListen(address string) error { return t.below.CheckListen(address) }

func refuse(address, reason string) error {
	return &transport.EndpointError{Endpoint: scheme + "://" + address, Reason: reason}
}

// Dial connects to the proxy, and through it to address. It blocks until the proxy says that the connection stands or that
// it cannot be, or until ctx is done. A proxy that does not let us in gives an error that matches [transport.ErrDenied].
func (t *Transport) Dial(ctx context.Context, address string) (net.Conn, error) {
	if err := t.CheckDial(address); err != nil {
		return nil, err
	}
	c, err := t.below.Dial(ctx, t.proxy)
	if err != nil {
		return nil, fmt.Errorf("dial %s through a proxy: %w", address, err)
	}
	if _, err := t.connect.DialWithConn(ctx, c, scheme, address); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("dial %s through a proxy: %w", address, explain(ctx, err))
	}
	return c, nil // it is the connection itself, with all that TCP can
}

// Listen is that of package tcp.
func (t *Transport) Listen(ctx context.Context, address string) (net.Listener, error) {
	return t.below.Listen(ctx, address)
}

// What golang.org/x/net says of a proxy that does not let us in.
var denials = []string{"no acceptable authentication methods", "username/password authentication failed", "connection not allowed by ruleset"}

func explain(ctx context.Context, err error) error {
	over := ctx.Err()
	if over == nil && errors.Is(err, os.ErrDeadlineExceeded) {
		over = context.DeadlineExceeded // the connection was a moment ahead: it has no other deadline
	}
	if over != nil && !errors.Is(err, over) {
		return fmt.Errorf("%w: %w", over, err)
	}
	for _, d := range denials {
		if strings.HasSuffix(err.Error(), d) {
			return fmt.Errorf("%w: %w", transport.ErrDenied, err)
		}
	}
	return err
}
