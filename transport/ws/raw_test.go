package ws

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6455 has it
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A raw peer speaks WebSocket octet by octet: nothing in it is of the library
// that the transport uses.
type raw struct {
	net.Conn
	t      testing.TB
	r      *bufio.Reader
	client bool
}

func newRaw(t testing.TB, c net.Conn, client bool) *raw {
	t.Helper()
	c.SetDeadline(time.Now().Add(patience))
	return closing(t, &raw{Conn: c, t: t, r: bufio.NewReader(c), client: client})
}

// dialRaw connects to an endpoint.
func dialRaw(t testing.TB, endpoint string) *raw {
	t.Helper()
	address, _, _ := strings.Cut(strings.TrimPrefix(endpoint, "ws://"), "/")
	return newRaw(t, must(net.Dial("tcp", address)), true)
}

const key = "dGhlIHNhbXBsZSBub25jZQ=="

func accept(key string) string {
	h := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455 has it
	return base64.StdEncoding.EncodeToString(h[:])
}

// ask sends a request with these headers and returns the answer.
func (r *raw) ask(path string, headers ...string) *http.Response {
	r.t.Helper()
	r.write("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n")
	resp, err := http.ReadResponse(r.r, &http.Request{Method: "GET"})
	if err != nil {
		r.t.Fatal(err)
	}
	return resp
}

// upgrade asks for a WebSocket with these subprotocols.
func (r *raw) upgrade(path, protocols string, headers ...string) *http.Response {
	r.t.Helper()
	return r.ask(path, append([]string{
		"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: " + key, "Sec-WebSocket-Protocol: " + protocols,
	}, headers...)...)
}

// serve answers the request for a WebSocket with a subprotocol, and returns it.
func (r *raw) serve(protocol string) *http.Request {
	r.t.Helper()
	req, err := http.ReadRequest(r.r)
	if err != nil {
		r.t.Fatal(err)
	}
	if protocol != "" {
		protocol = "Sec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	r.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		accept(req.Header.Get("Sec-WebSocket-Key")) + "\r\n" + protocol + "\r\n")
	return req
}

func (r *raw) write(s string) {
	r.t.Helper()
	if _, err := r.Write([]byte(s)); err != nil {
		r.t.Fatal(err)
	}
}

// frame returns the octets of a frame, masked if that has to be.
func (r *raw) frame(first byte, payload string) string {
	b := []byte{first}
	var mask byte
	if r.client {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !r.client {
		return string(b) + payload
	}
	k := []byte{1, 2, 3, 4}
	b = append(b, k...)
	for i := range len(payload) {
		b = append(b, payload[i]^k[i%4])
	}
	return string(b)
}

// message sends a binary message.
func (r *raw) message(payload string) {
	r.t.Helper()
	r.write(r.frame(0x82, payload))
}

// next reads a frame, unmasked. It checks that it is masked if and only if it
// has to be (WS-06).
func (r *raw) next() (first byte, payload string) {
	r.t.Helper()
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(r.r, b); err != nil {
			r.t.Fatalf("reading a frame: %v", err)
		}
		return b
	}
	h := read(2)
	if masked := h[1]&0x80 != 0; masked == r.client {
		r.t.Fatalf("masked: %v", masked)
	}
	n := int(h[1] & 0x7F)
	switch n {
	case 126:
		n = int(binary.BigEndian.Uint16(read(2)))
	case 127:
		n = int(binary.BigEndian.Uint64(read(8)))
	}
	var k []byte
	if !r.client {
		k = read(4)
	}
	b := read(n)
	for i := range k {
		for j := i; j < len(b); j += 4 {
			b[j] ^= k[i]
		}
	}
	return h[0], string(b)
}

// expect reads a binary message, whole in one frame.
func (r *raw) expect(payload string) {
	r.t.Helper()
	if first, p := r.next(); first != 0x82 || p != payload {
		r.t.Fatalf("frame %#x %q, want %q", first, p, payload)
	}
}

// ready is READY as a message of ZWS.
func ready(kind string) string {
	b := "\x02\x05READY"
	if kind != "" {
		b += "\x0bSocket-Type\x00\x00\x00" + string(rune(len(kind))) + kind
	}
	return b
}

// gone reads until the end of the connection.
func (r *raw) gone() {
	r.t.Helper()
	if _, err := io.Copy(io.Discard, r.r); err != nil && !strings.Contains(err.Error(), "reset") {
		r.t.Errorf("the connection goes on: %v", err)
	}
}

// body returns what a response says.
func body(t testing.TB, r *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
