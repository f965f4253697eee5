// Package ipc carries connections over Unix domain sockets, for endpoints ipc://path.
//
// An address is a path, absolute or relative; @name for a Linux abstract name, which has no file; or, to listen, * for
// a fresh socket in a fresh temporary directory. The name of the file decides who meets whom, its mode who may
// connect. A listener never takes the place of a living one: see [Transport.Listen].
package ipc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"github.com/brokerless/brokerless/transport"
)

const (
	scheme  = "ipc"
	network = "unix"
)

// Transport dials and listens on Unix domain sockets. Its connections are *net.UnixConn. It is immutable and safe for
// concurrent use.
type Transport struct {
	mode fs.FileMode
}

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Checker   = (*Transport)(nil)
)

// Option sets something about a [Transport]. Options apply in order, the last of a kind wins.
type Option func(*Transport)

// WithMode sets the permission bits of the socket file, exactly, whatever the umask is. Default: 0600, so that only
// processes of the same user may connect. To connect takes write permission. Abstract names have no file and no
// permissions; the directory of a wildcard is 0700 in any case; on Windows the directory's access list decides.
func WithMode(mode fs.FileMode) Option {
	return func(t *Transport) { t.mode = mode.Perm() }
}

// New returns a Transport. Without options it is ready for use.
func New(opts ...Option) *Transport {
	t := &Transport{mode: 0o600}
	for _, opt := range opts {
		opt(t)
	}
	return t
}

// Scheme returns "ipc".
func (t *Transport) Scheme() string { return scheme }

// CheckDial returns an [*transport.EndpointError] when address is no path or @name that fits a socket address.
func (t *Transport) CheckDial(address string) error { return checkDial(address) }

// CheckListen returns an [*transport.EndpointError] when address is neither * nor a path or @name that fits a socket
// address.
func (t *Transport) CheckListen(address string) error { return checkListen(address) }

// Dial connects to the listener on address. It fails at once when there is none: the error then matches fs.ErrNotExist
// or syscall.ECONNREFUSED. On Linux one that has a full backlog gives syscall.EAGAIN.
func (t *Transport) Dial(ctx context.Context, address string) (net.Conn, error) {
	if err := checkDial(address); err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil && refused(err) && !errors.Is(err, syscall.ECONNREFUSED) { // Windows
		err = fmt.Errorf("%w (%w)", err, syscall.ECONNREFUSED)
	}
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// Listen binds address. It does not wait for a peer, only for the file system.
//
// A path may be taken already. The file of an owner that died is replaced. Where the owner lives, and where the path is
// anything but a socket (a regular file, a directory, a symbolic link), Listen leaves it alone and returns an error
// that matches syscall.EADDRINUSE. Of two that bind one path at a time exactly one succeeds: each holds a lock on the
// file path.lock for as long as it listens, and the operating system drops that lock when the process dies.
//
// The socket file has the mode of [WithMode] before the first connection is possible. Close removes it, and the lock
// file, if they are still the listener's own.
func (t *Transport) Listen(ctx context.Context, address string) (net.Listener, error) {
	if err := checkListen(address); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, listenError(address, err)
	}
	switch {
	case address == wildcard:
		return t.listenTemporary(ctx)
	case abstract(address):
		var lc net.ListenConfig
		return lc.Listen(ctx, network, address)
	}
	l, err := t.listenPath(ctx, address)
	if err != nil {
		return nil, listenError(address, err)
	}
	return l, nil
}

func listenError(address string, err error) error {
	return &net.OpError{Op: "listen", Net: network, Addr: &net.UnixAddr{Name: address, Net: network}, Err: err}
}
