package socket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// The flags of a frame, written out here so that a mistake in the engine is not
// repeated by its tests.
const (
	more    byte = 1
	long    byte = 2
	control byte = 4
)

// greeting returns the 64 octets of a greeting.
func greeting(major, minor byte, mechanism string) []byte {
	b := make([]byte, 64)
	b[0], b[8], b[9], b[10], b[11] = 0xff, 1, 0x7f, major, minor
	copy(b[12:32], mechanism)
	return b
}

// frame returns a frame with a header of the form its size asks for.
func frame(flags byte, body []byte) []byte {
	if len(body) > 255 {
		return append(longHeader(flags, uint64(len(body))), body...)
	}
	return append([]byte{flags, byte(len(body))}, body...)
}

// longHeader returns the header of a frame of size octets in the long form.
func longHeader(flags byte, size uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{flags | long}, size)
}

// message returns a message of text frames.
func message(frames ...string) []byte {
	var b []byte
	for i, f := range frames {
		flags := more
		if i == len(frames)-1 {
			flags = 0
		}
		b = append(b, frame(flags, []byte(f))...)
	}
	return b
}

// command returns a command frame.
func command(name, payload string) []byte {
	return frame(control, []byte(string(byte(len(name)))+name+payload))
}

// ready returns a READY command with properties given as name, value, name, …
func ready(properties ...string) []byte {
	return command("READY", metadata(properties...))
}

func metadata(properties ...string) string {
	var b []byte
	for i := 0; i < len(properties); i += 2 {
		name, value := properties[i], properties[i+1]
		b = append(b, byte(len(name)))
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
		b = append(b, value...)
	}
	return string(b)
}

// A raw is a peer that writes and reads octets by hand.
type raw struct {
	net.Conn
	t      testing.TB
	serves bool // it is the side that a socket has connected to
}

// dialRaw connects a raw peer to an endpoint of tcp.
func dialRaw(t testing.TB, endpoint string) *raw {
	t.Helper()
	return newRaw(t, must(net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))))
}

func newRaw(t testing.TB, c net.Conn) *raw {
	t.Helper()
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &raw{Conn: c, t: t}
}

func (r *raw) address() string { return r.LocalAddr().String() }

// send writes octets. It may fail: the other side is free to hang up, and must
// not have to read all of what makes it do so.
func (r *raw) send(octets ...[]byte) {
	r.t.Helper()
	if _, err := r.Write(bytes.Join(octets, nil)); errors.Is(err, os.ErrDeadlineExceeded) {
		r.t.Fatalf("the other side neither reads nor hangs up: %v", err)
	}
}

// meet goes through the handshake as a socket of the type.
func (r *raw) meet(socketType string, properties ...string) {
	r.t.Helper()
	r.meetAs(3, 1, append([]string{"Socket-Type", socketType}, properties...)...)
}

func (r *raw) meetAs(major, minor byte, properties ...string) {
	r.t.Helper()
	// Neither side waits for the other, and net.Pipe holds nothing.
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = r.Write(append(greeting(major, minor, "NULL"), ready(properties...)...))
	}()
	if _, err := io.ReadFull(r, make([]byte, 64)); err != nil {
		r.t.Fatalf("no greeting: %v", err)
	}
	if flags, body := r.frame(); flags != control || !strings.HasPrefix(string(body), "\x05READY") {
		r.t.Fatalf("flags %d, body %q instead of READY", flags, body)
	}
	<-sent
}

// read reads one frame.
func (r *raw) read() (flags byte, body []byte, err error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	flags, size := head[0], uint64(head[1])
	if flags&long != 0 {
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(head[1:])
		flags &^= long
	}
	body = make([]byte, size)
	_, err = io.ReadFull(r, body)
	return flags, body, err
}

// frame reads one frame, which has to come.
func (r *raw) frame() (flags byte, body []byte) {
	r.t.Helper()
	flags, body, err := r.read()
	if err != nil {
		r.t.Fatalf("no frame: %v", err)
	}
	return flags, body
}

// message reads one message, passing over commands.
func (r *raw) message() (frames []string) {
	r.t.Helper()
	for {
		flags, body := r.frame()
		if flags&control != 0 {
			continue
		}
		frames = append(frames, string(body))
		if flags&more == 0 {
			return frames
		}
	}
}

// ended reads until the other side has hung up, and returns what came before.
func (r *raw) ended() []byte {
	r.t.Helper()
	rest, err := io.ReadAll(r)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		r.t.Fatalf("the other side does not hang up; it sent %q", rest)
	}
	return rest
}

// reset ends the connection with RST.
func (r *raw) reset() {
	r.t.Helper()
	if err := r.Conn.(interface{ SetLinger(sec int) error }).SetLinger(0); err != nil {
		r.t.Fatal(err)
	}
	r.Close()
}

// finish ends our direction of the connection.
func (r *raw) finish() {
	r.t.Helper()
	if err := r.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		r.t.Fatal(err)
	}
}
