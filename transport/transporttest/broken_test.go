package transporttest_test

import (
	"context"
	"net"
	"time"

	"github.com/brokerless/brokerless/transport/inproc"
)

// broken is inproc with one promise broken. A nil hook changes nothing.
type broken struct {
	*inproc.Transport
	scheme     string
	dial       func(ctx context.Context, address string) (net.Conn, error)
	listen     func(ctx context.Context, address string) (net.Listener, error)
	wrap       func(net.Conn) net.Conn
	wrapListen func(net.Listener) net.Listener
	anyAddress bool
}

func (b *broken) Scheme() string {
	if b.scheme != "" {
		return b.scheme
	}
	return b.Transport.Scheme()
}

func (b *broken) Dial(ctx context.Context, address string) (net.Conn, error) {
	dial := b.Transport.Dial
	if b.dial != nil {
		dial = b.dial
	}
	conn, err := dial(ctx, address)
	if err == nil && b.wrap != nil {
		conn = b.wrap(conn)
	}
	return conn, err
}

func (b *broken) Listen(ctx context.Context, address string) (net.Listener, error) {
	listen := b.Transport.Listen
	if b.listen != nil {
		listen = b.listen
	}
	l, err := listen(ctx, address)
	if err == nil && b.wrapListen != nil {
		l = b.wrapListen(l)
	}
	return l, err
}

func (b *broken) CheckDial(address string) error {
	if b.anyAddress {
		return nil
	}
	return b.Transport.CheckDial(address)
}

// oddConn replaces some methods of a connection.
type oddConn struct {
	net.Conn
	write            func([]byte) (int, error)
	setReadDeadline  func(time.Time) error
	setWriteDeadline func(time.Time) error
	remote           net.Addr
	close            func() error
}

func (c *oddConn) SetWriteDeadline(t time.Time) error {
	if c.setWriteDeadline != nil {
		return c.setWriteDeadline(t)
	}
	return c.Conn.SetWriteDeadline(t)
}

func (c *oddConn) RemoteAddr() net.Addr {
	if c.remote != nil {
		return c.remote
	}
	return c.Conn.RemoteAddr()
}

func (c *oddConn) Write(p []byte) (int, error) {
	if c.write != nil {
		return c.write(p)
	}
	return c.Conn.Write(p)
}

func (c *oddConn) SetReadDeadline(t time.Time) error {
	if c.setReadDeadline != nil {
		return c.setReadDeadline(t)
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *oddConn) Close() error {
	if c.close != nil {
		return c.close()
	}
	return c.Conn.Close()
}

// oddListener replaces some methods of a listener.
type oddListener struct {
	net.Listener
	accept func() (net.Conn, error)
	close  func() error
	addr   net.Addr
}

func (l *oddListener) Accept() (net.Conn, error) {
	if l.accept != nil {
		return l.accept()
	}
	return l.Listener.Accept()
}

func (l *oddListener) Close() error {
	if l.close != nil {
		return l.close()
	}
	return l.Listener.Close()
}

func (l *oddListener) Addr() net.Addr {
	if l.addr != nil {
		return l.addr
	}
	return l.Listener.Addr()
}
