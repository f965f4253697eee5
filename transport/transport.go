// Package transport is the seam between sockets and the ways to carry octets: it names what a transport must do, and
// parses the endpoints that users write.
//
// A transport moves octets and knows nothing of messages or patterns; a socket knows patterns and never a network. The
// transports of this module live in the folders below (tcp, ipc, inproc); any other one is a type that implements
// [Transport]. Package transporttest holds the suite that each of them passes. Datagrams are another matter: those who
// carry them, such as udp, implement [PacketTransport].
package transport

import (
	"context"
	"net"
)

// Transport carries connections for one scheme. An implementation is safe for concurrent use and keeps no state that
// outlives its listeners and connections.
//
// The address given to Dial and Listen is what follows "://" in an endpoint. Errors name that address, and errors from
// the operating system stay reachable, so that errors.Is(err, syscall.EADDRINUSE) tells a taken address.
type Transport interface {
	// Scheme returns the word before "://" in endpoints of this transport, in lower case. It is constant.
	Scheme() string

	// Dial opens one connection to address. It blocks until the connection stands, has failed, or ctx is done, and then
	// the error matches ctx.Err(). Once Dial has returned, ctx has no more influence on the connection. A transport may
	// wait for a listener that does not exist yet (inproc does) or fail at once (tcp and ipc do).
	Dial(ctx context.Context, address string) (net.Conn, error)

	// Listen binds address. The listener's Addr().String() is the resolved address: with the scheme and "://" in front
	// it is an endpoint to connect to, also where address held a wildcard. A taken address gives an error that matches
	// syscall.EADDRINUSE. Once Listen has returned, ctx has no more influence on the listener. Closing the listener
	// ends a blocked Accept with net.ErrClosed, frees the address, and leaves accepted connections alone.
	Listen(ctx context.Context, address string) (net.Listener, error)
}

// Checker is implemented by a [Transport] that can judge an address from its text alone. Both methods do no input or
// output, do not block, and return an [*EndpointError] for an address that Dial or Listen could never accept. With it a
// socket reports a misspelt endpoint at once instead of redialling it for ever.
type Checker interface {
	CheckDial(address string) error
	CheckListen(address string) error
}
