package transport

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// PacketTransport carries datagrams for one scheme: each arrives whole or not at all, in any order, and there is neither
// a connection nor a sign of who listens. Of package socket, RADIO, DISH and DGRAM use it. An implementation is safe for
// concurrent use and keeps no state that outlives its connections. It may be a [Checker] too.
type PacketTransport interface {
	// Scheme returns the word before "://" in endpoints of this transport, in lower case. It is constant.
	Scheme() string

	// DialPacket returns a connection to send from, and where datagrams for address go. It blocks while it looks up a
	// name, at most until ctx is done. Whether anybody is there it does not know.
	DialPacket(ctx context.Context, address string) (PacketConn, netip.AddrPort, error)

	// ListenPacket binds address, and joins it if it is a multicast group. The LocalAddr().String() of what it returns
	// is the resolved address. A taken address gives an error that matches syscall.EADDRINUSE.
	ListenPacket(ctx context.Context, address string) (PacketConn, error)
}

// PacketConn sends and receives datagrams. A *net.UDPConn is one. All methods are safe for concurrent use.
type PacketConn interface {
	// ReadFromUDPAddrPort waits for a datagram and copies it into b, which cuts off what does not fit.
	ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error)
	// WriteToUDPAddrPort sends b as one datagram. It may wait until the system has room for it.
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	// LocalAddr returns where it is bound.
	LocalAddr() net.Addr
	// SetReadDeadline ends reading that waits at t with os.ErrDeadlineExceeded.
	SetReadDeadline(t time.Time) error
	// Close ends reading and writing with net.ErrClosed.
	Close() error
}
