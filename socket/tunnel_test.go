package socket

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// A tunnel is a connection as a raw peer has it that speaks CURVE: the frames
// that are written to it are sealed as soon as they are whole, and what is read
// are the frames that were sealed in what comes.
type tunnel struct {
	net.Conn
	cipher *zmtp.Cipher
	buf    [4096]byte
	in     bytes.Buffer // not opened yet
	plain  []byte
	out    []byte // not whole yet
}

// meetSecretly goes through the handshake of CURVE as a socket of the type, and
// leaves r with a tunnel. What it returns is for who wants to do something else
// to the traffic.
func (r *raw) meetSecretly(socketType string, properties ...string) *tunnel {
	r.t.Helper()
	config := zmtp.Config{Mechanism: must(testCurve{}.New(Connection{Dialed: !r.serves})), SocketType: socketType}
	for i := 0; i < len(properties); i += 2 {
		if properties[i] == "Identity" {
			config.SendIdentity, config.Identity = true, []byte(properties[i+1])
			continue
		}
		config.Properties = append(config.Properties, zmtp.Property{Name: properties[i], Value: []byte(properties[i+1])})
	}
	h := zmtp.NewHandshake(config)
	b := make([]byte, 4096)
	for rest := b[:0]; ; {
		n, err := h.Receive(rest)
		if err != nil {
			r.t.Fatal(err)
		}
		r.send(h.Output())
		if rest = rest[n:]; h.Done() {
			tun := &tunnel{Conn: r.Conn, cipher: h.Cipher()}
			tun.in.Write(rest)
			r.Conn = tun
			return tun
		}
		if _, ok := h.Asked(); ok {
			h.Answer(zmtp.Verdict{Status: zmtp.StatusOK})
			continue
		}
		if n, err = r.Read(b); err != nil {
			r.t.Fatalf("in the handshake: %v", err)
		}
		rest = b[:n]
	}
}

func (c *tunnel) Write(b []byte) (int, error) {
	c.out = append(c.out, b...)
	var sealed []byte
	for {
		h, err := zmtp.ParseHeader(c.out)
		if err != nil || int64(len(c.out)-h.Len) < h.Size {
			break
		}
		whole := h.Len + int(h.Size)
		sealed = c.cipher.Seal(sealed, h.Flags, c.out[h.Len:whole])
		c.out = c.out[whole:]
	}
	_, err := c.Conn.Write(sealed)
	return len(b), err
}

func (c *tunnel) Read(b []byte) (int, error) {
	for len(c.plain) == 0 {
		h, err := zmtp.ParseHeader(c.in.Bytes())
		switch {
		case err == nil && int64(c.in.Len()-h.Len) >= h.Size:
			c.in.Next(h.Len)
			if c.plain, err = c.cipher.Open(nil, c.in.Next(int(h.Size))); err != nil {
				return 0, err
			}
			continue
		case err != nil && err != io.ErrUnexpectedEOF: //nolint:errorlint // it is never wrapped
			return 0, err
		}
		n, err := c.Conn.Read(c.buf[:])
		if c.in.Write(c.buf[:n]); n == 0 {
			return 0, err
		}
	}
	n := copy(b, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// CloseWrite ends our direction.
func (c *tunnel) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// SetLinger says what closing does.
func (c *tunnel) SetLinger(sec int) error { return c.Conn.(*net.TCPConn).SetLinger(sec) }

// cipherPair returns the ciphers of a client and of a server that have met.
func cipherPair(t testing.TB) (client, server *zmtp.Cipher) {
	t.Helper()
	var sides [2]*zmtp.Handshake
	for i, kind := range []string{"PUSH", "PULL"} {
		m := must(testCurve{}.New(Connection{Dialed: i == 0}))
		sides[i] = zmtp.NewHandshake(zmtp.Config{Mechanism: m, SocketType: kind})
	}
	for from := 0; !sides[0].Done() || !sides[1].Done(); from = 1 - from {
		out := sides[from].Output()
		if _, ok := sides[1-from].Asked(); ok {
			sides[1-from].Answer(zmtp.Verdict{Status: zmtp.StatusOK})
		}
		if _, err := sides[1-from].Receive(out); err != nil {
			t.Fatal(err)
		}
	}
	return sides[0].Cipher(), sides[1].Cipher()
}

// piping returns a transport that dials peers over net.Pipe.
func piping(t *testing.T) (tr *script, peers <-chan *raw) {
	t.Helper()
	dialed := make(chan *raw, 10)
	return &script{dial: func() (net.Conn, error) {
		near, far := net.Pipe()
		dialed <- &raw{Conn: far, t: t, serves: true}
		return near, nil
	}}, dialed
}

// A way is how sockets and raw peers of a test talk.
type way struct {
	Option
	secret bool
}

// bothWays runs a test in the clear and under CURVE.
func bothWays(t *testing.T, test func(t *testing.T, w way)) {
	t.Helper()
	t.Run("clear", func(t *testing.T) { test(t, way{Option: Clear()}) })
	t.Run("CURVE", func(t *testing.T) { test(t, way{Option: Encrypted(), secret: true}) })
}

// meet goes through the handshake as a socket of the type.
func (w way) meet(r *raw, socketType string) {
	r.t.Helper()
	if w.secret {
		r.meetSecretly(socketType)
	} else {
		r.meet(socketType)
	}
}

// readPart reads n octets of the connection, whatever they are.
func (r *raw) readPart(n int) {
	r.t.Helper()
	conn := r.Conn
	if c, ok := conn.(*tunnel); ok {
		conn = c.Conn
	}
	_ = must(io.ReadFull(conn, make([]byte, n)))
}
