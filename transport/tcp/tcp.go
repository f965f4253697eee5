// Package tcp carries connections over TCP, for endpoints tcp://host:port.
//
// Addresses are those of ZeroMQ. To listen: an IP address, an interface name or * (every address of the host, IPv6
// and IPv4 alike where the host has both), and a port number, or 0 or * for any free one. To dial: an IP address or a
// host name, and a port number; with a source in front of it, src:port;host:port, also the address the connection
// leaves from. IPv6 addresses stand in brackets and may have a zone: [fe80::1%eth0]:5555.
package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/brokerless/brokerless/transport"
)

const scheme = "tcp"

// Transport dials and listens over TCP. Its connections are *net.TCPConn with Nagle's algorithm off (EP-09) and
// keep-alive on, its listeners *net.TCPListener or, with WithPriority, wrap one. It is immutable and safe for concurrent use.
type Transport struct {
	keepAlive      net.KeepAliveConfig
	connectTimeout time.Duration
	backlog        int
	settings       [settings]setting
	resolver       Resolver
}

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Checker   = (*Transport)(nil)
)

// New returns a Transport. Without options it is ready for use: see each option for its default.
func New(opts ...Option) *Transport {
	t := &Transport{
		resolver: net.DefaultResolver,
		keepAlive: net.KeepAliveConfig{
			Enable:   true,
			Idle:     defaultIdle,
			Interval: defaultInterval,
			Count:    defaultCount,
		},
	}
	for _, opt := range opts {
		opt(t)
	}
	return t
}

// Scheme returns "tcp".
func (t *Transport) Scheme() string { return scheme }

// CheckDial returns an [*transport.EndpointError] when address is not [source;]host:port as Dial wants it.
func (t *Transport) CheckDial(address string) error {
	_, err := parseDial(address)
	return err
}

// CheckListen returns an [*transport.EndpointError] when address is not host:port as Listen wants it. Whether an
// interface of that name exists only Listen can tell.
func (t *Transport) CheckListen(address string) error {
	_, err := parseListen(address)
	return err
}

// Dial connects to host:port, or from source to host:port when address is source;host:port. A host name is resolved
// at each call, and every address found is tried until one answers: those of IPv6 and IPv4 in turn, each 250 ms after the
// one before it or as soon as that has failed (RFC 8305). It blocks until then or until ctx is done. The unspecified addresses 0.0.0.0 and [::] stand for this host, so a listener's resolved address can be dialled (EP-06).
func (t *Transport) Dial(ctx context.Context, address string) (net.Conn, error) {
	target, err := parseDial(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := t.within(ctx)
	defer cancel()
	remotes, err := t.candidates(ctx, target.remote)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: scheme, Addr: unresolved(address), Err: err}
	}
	conn, err := race(ctx, remotes, func(ctx context.Context, remote netip.AddrPort) (net.Conn, error) {
		return t.dial(ctx, target.source, remote)
	})
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = &net.OpError{Op: "dial", Net: scheme, Addr: unresolved(address), Err: ctx.Err()}
	}
	return conn, err
}

// dial connects to one address.
func (t *Transport) dial(ctx context.Context, source *hostPort, remote netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: t.keepAlive}
	if source != nil {
		local, err := source.local(remote.Addr().Is6() && !remote.Addr().Is4In6())
		if err == nil && !suits(local.Addr(), remote.Addr()) {
			err = fmt.Errorf("source %v is of another family: %w", local.Addr(), syscall.EADDRNOTAVAIL)
		}
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: scheme, Addr: net.TCPAddrFromAddrPort(remote), Err: err}
		}
		d.LocalAddr = net.TCPAddrFromAddrPort(local)
	}
	// A redial from a fixed source port would otherwise have to wait until the kernel forgets the last connection.
	d.Control = t.control(source != nil && source.port != 0)
	conn, err := d.DialContext(ctx, scheme, remote.String())
	if err != nil {
		return nil, portable(err)
	}
	return conn, nil
}

// Listen binds host:port. Names are not resolved (EP-02): a host that is neither an IP address nor * must be an
// interface of this machine, else the error matches syscall.ENODEV; of an interface's addresses the first IPv4 one
// is taken, or the first IPv6 one where there is none. A port in use gives syscall.EADDRINUSE, an IP address of another
// machine syscall.EADDRNOTAVAIL (EP-10).
func (t *Transport) Listen(ctx context.Context, address string) (net.Listener, error) {
	h, err := parseListen(address)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "listen", Net: scheme, Addr: unresolved(address), Err: err}
	}
	network, bind := scheme, h
	switch {
	case h.wildcard():
		bind.host = "" // Go's own spelling of the dual-stack wildcard
	case !h.ip.IsValid():
		local, err := h.local(false)
		if err != nil {
			return nil, &net.OpError{Op: "listen", Net: scheme, Addr: unresolved(address), Err: err}
		}
		bind.ip, bind.host = local.Addr(), local.Addr().String()
	}
	if bind.ip.Is4() {
		network = "tcp4" // "tcp" would take 0.0.0.0 for the dual-stack wildcard
	}
	lc := net.ListenConfig{KeepAliveConfig: t.keepAlive, Control: t.control(false)}
	// Go would listen with Multipath TCP where it can, but such a socket does not know its zone, so that the resolved
	// address of a link-local one could not be dialled.
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(ctx, network, bind.String())
	if err != nil {
		return nil, portable(err)
	}
	if err := t.lengthen(l); err != nil {
		l.Close()
		return nil, &net.OpError{Op: "listen", Net: scheme, Addr: unresolved(address), Err: err}
	}
	if s := t.settings[settingPriority]; s != nil {
		return &marking{l.(*net.TCPListener), s}, nil
	}
	return l, nil
}

// within bounds what a Dial may take.
func (t *Transport) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.connectTimeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, t.connectTimeout)
}

// lengthen sets the backlog of a listener.
func (t *Transport) lengthen(l net.Listener) error {
	c, ok := l.(syscall.Conn)
	if t.backlog <= 0 || !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = setBacklog(fd, t.backlog) }); err != nil {
		return err
	}
	return failed
}

// unresolved is an address as the caller wrote it, for errors that come before there is a resolved one.
type unresolved string

func (unresolved) Network() string  { return scheme }
func (u unresolved) String() string { return string(u) }
