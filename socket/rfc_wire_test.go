package socket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// The octets of ZMTP, written by hand: what a peer that nobody here wrote puts
// on the wire.
const (
	signature  = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
	nullOctets = "NULL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
)

// greeting returns the 64 octets of a peer of the NULL mechanism.
func greeting(major, minor byte) string {
	return signature + string([]byte{major, minor}) + nullOctets + strings.Repeat("\x00", 32)
}

// property returns one property of a READY.
func property(name, value string) string {
	return string(append([]byte{byte(len(name))}, name...)) +
		string(binary.BigEndian.AppendUint32(nil, uint32(len(value)))) + value
}

// command returns a command frame of any size.
func command(name, payload string) string {
	body := string([]byte{byte(len(name))}) + name + payload
	if len(body) > 255 {
		return "\x06" + string(binary.BigEndian.AppendUint64(nil, uint64(len(body)))) + body
	}
	return "\x04" + string([]byte{byte(len(body))}) + body
}

func ready(properties ...string) string { return command("READY", strings.Join(properties, "")) }

// message returns the frames of a message; none of them is over 255 octets.
func message(frames ...string) string {
	var b strings.Builder
	for i, f := range frames {
		more := byte(1)
		if i == len(frames)-1 {
			more = 0
		}
		b.Write([]byte{more, byte(len(f))})
		b.WriteString(f)
	}
	return b.String()
}

// A wire is a peer made of octets alone.
type wire struct {
	net.Conn
	s *stage
}

// split returns the network and the address of a tcp or ipc endpoint.
func split(endpoint string) (network, address string) {
	scheme, address, _ := strings.Cut(endpoint, "://")
	if scheme == "ipc" {
		return "unix", address
	}
	return scheme, address
}

// dial connects to a bound socket.
func (s *stage) dial(endpoint string) *wire {
	s.Helper()
	network, address := split(endpoint)
	c, err := net.Dial(network, address)
	if err != nil {
		s.Fatal(err)
	}
	return s.wire(c)
}

// wire makes a peer of one end of a connection.
func (s *stage) wire(c net.Conn) *wire {
	s.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &wire{c, s}
}

// listen returns a listener for sockets to connect to, and its endpoint.
func (s *stage) listen() (net.Listener, string) {
	s.Helper()
	endpoint := s.nowhere()
	network, address := split(endpoint)
	l, err := net.Listen(network, address)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { l.Close() })
	return l, endpoint
}

// accept returns the next connection.
func (s *stage) accept(l net.Listener) *wire {
	s.Helper()
	stop := context.AfterFunc(s.ctx, func() { l.Close() })
	defer stop()
	c, err := l.Accept()
	if err != nil {
		s.Fatal(err)
	}
	return s.wire(c)
}

// wireTo binds x and returns a peer that has connected and done its handshake.
func (s *stage) wireTo(x anySocket, kind string, minor byte, properties ...string) *wire {
	s.Helper()
	n := x.Stats().Peers
	w := s.dial(s.bind(x))
	w.greet(kind, minor, properties...)
	s.peers(x, n+1)
	return w
}

func (w *wire) write(octets ...string) {
	w.s.Helper()
	if _, err := w.Write([]byte(strings.Join(octets, ""))); err != nil {
		w.s.Fatal(err)
	}
}

func (w *wire) read(n int) string {
	w.s.Helper()
	b := make([]byte, n)
	if k, err := io.ReadFull(w, b); err != nil {
		w.s.Fatalf("read %d octets of %d: %v", k, n, err)
	}
	return string(b)
}

// expect fails the rule if the next octets are others.
func (w *wire) expect(octets ...string) {
	w.s.Helper()
	want := strings.Join(octets, "")
	if got := w.read(len(want)); got != want {
		w.s.Fatalf("octets %.300q, want %.300q", got, want)
	}
}

// frame reads one frame.
func (w *wire) frame() (flags byte, body string) {
	w.s.Helper()
	head := w.read(2)
	flags, size := head[0], uint64(head[1])
	if flags&2 != 0 {
		size = binary.BigEndian.Uint64([]byte(head[1:] + w.read(7)))
	}
	return flags, w.read(int(size))
}

// hello writes the greeting and READY of a socket type.
func (w *wire) hello(kind string, minor byte, properties ...string) {
	w.s.Helper()
	w.write(greeting(3, minor), ready(append([]string{property("Socket-Type", kind)}, properties...)...))
}

// greet does the whole handshake.
func (w *wire) greet(kind string, minor byte, properties ...string) {
	w.s.Helper()
	w.hello(kind, minor, properties...)
	w.greeted()
}

// greeted reads the other side's greeting and READY.
func (w *wire) greeted() {
	w.s.Helper()
	w.expect(greeting(3, 1))
	w.ready()
}

// ready reads a READY and returns its metadata.
func (w *wire) ready() string {
	w.s.Helper()
	flags, body := w.frame()
	if flags != 4 || !strings.HasPrefix(body, "\x05READY") {
		w.s.Fatalf("frame %#x %q, want READY", flags, body)
	}
	return body[6:]
}

// closed fails the rule unless the other side ends the connection. What it
// still says before that does not matter.
func (w *wire) closed() {
	w.s.Helper()
	_, err := io.Copy(io.Discard, w)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.s.Fatal("the connection is still open")
	}
}

// ping asks for a sign of life. When it returns, all that was written before
// has been read.
func (w *wire) ping() {
	w.s.Helper()
	w.write(command("PING", "\x00\x00sync"))
	w.expect(command("PONG", "sync"))
}
