package socket

import (
	"fmt"
	"io"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/inproc"
)

// A bare connection carries octets without ZMTP. Its queues hold frames as all
// do: a bareWriter takes the headers off, and a bareReader makes a message of one
// frame of what comes at once.

// bareReader is the translator of a bare connection. It keeps nothing.
type bareReader struct{}

// longHead is the header of a frame in the long form.
const longHead = 9

// read reads from once, and puts what comes behind the header that it needs.
func (bareReader) read(from io.Reader, b []byte) (n int, err error) {
	n, err = from.Read(b[longHead:]) // a decoder gives more room than that
	if n <= 0 {
		return 0, err
	}
	head := len(zmtp.AppendHeader(b[:0], 0, n))
	if head < longHead {
		copy(b[head:], b[longHead:longHead+n])
	}
	return head + n, err
}

func (bareReader) free() {}

// A bareWriter writes the bodies of frames. It belongs to whoever writes.
type bareWriter struct {
	taken int // octets of the bodies that will be given again
}

// A bareWriter gathers bodies up to this size. Larger ones are written from where
// they are.
const gathered = usualChunk / 4

// write implements outgoing.
func (o *bareWriter) write(conn io.Writer, frames [][]byte) (n int, err error) {
	size := 0
	for _, b := range frames {
		size += len(b)
	}
	c := newChunk(min(size, usualChunk))
	defer c.free()
	skip, taken := o.taken, o.taken
	o.taken = 0
	put := func(b []byte) bool {
		k, werr := conn.Write(b)
		taken += k
		err = werr
		return err == nil
	}
	flush := func() bool {
		whole := len(c.buf) == 0 || put(c.buf)
		c.buf = c.buf[:0]
		return whole
	}
	for w := (bodies{frames: frames}); w.next(); {
		if skip >= len(w.body) {
			skip -= len(w.body)
			continue
		}
		body := w.body[skip:]
		skip = 0
		if len(body) > c.room() && !flush() {
			return wholeFrames(frames, taken), err
		}
		if len(body) <= min(gathered, c.room()) {
			c.buf = append(c.buf, body...)
		} else if !flush() || !put(body) {
			return wholeFrames(frames, taken), err
		}
	}
	if !flush() {
		return wholeFrames(frames, taken), err
	}
	return size, nil
}

// begin implements outgoing.
func (o *bareWriter) begin(now *attempt, frames []byte) (n int) {
	c := newChunk(len(frames))
	defer c.free()
	for rest := frames; len(rest) > 0; {
		var body []byte
		_, body, rest = cutFrame(rest)
		c.buf = append(c.buf, body...)
	}
	taken := now.write(c.buf)
	if taken == len(c.buf) {
		return len(frames)
	}
	o.taken = taken
	return wholeFrames([][]byte{frames}, taken)
}

// free implements outgoing.
func (o *bareWriter) free() { o.taken = 0 }

// wholeFrames returns the octets of the frames of whose bodies the first so many
// octets have been taken, as far as these are whole.
func wholeFrames(frames [][]byte, taken int) (n int) {
	for w := (bodies{frames: frames}); w.next() && len(w.body) <= taken; {
		taken -= len(w.body)
		n += frameSize(len(w.body))
	}
	return n
}

// bodies steps through the bodies of frames, as a queue gives them to a writer.
type bodies struct {
	frames [][]byte // to come
	rest   []byte   // of the slice that is at hand
	body   []byte
}

// next goes on to the next body, and reports false if there is none.
func (w *bodies) next() bool {
	for len(w.rest) == 0 {
		if len(w.frames) == 0 {
			return false
		}
		w.rest, w.frames = w.frames[0], w.frames[1:]
	}
	_, w.body, w.rest = cutFrame(w.rest)
	if w.body == nil {
		w.body, w.frames = w.frames[0], w.frames[1:]
	}
	return true
}

// notice gives the application a message without data: the connection is there,
// or has ended. The latter has room in any case, for nothing comes after it.
func (x *session) notice(last bool) {
	s := x.pipe.s
	if !s.bare || s.cfg.noNotices || x.mute.Load() {
		return
	}
	d := queue.NewDecoder(queue.Limits{}, x, false)
	defer d.Free()
	_ = d.Scan(copy(d.Space(), zmtp.AppendFrame(nil, 0, nil))) // it is a frame

	// Who has received the last one finds no route any more.
	if last {
		s.send.Lock()
		s.rules.(*routing).forget(x)
		s.send.Unlock()
	}
	q := x.inlet.Queue()
	q.Lock()
	if last {
		q.Exempt()
		q.SetMarks(queue.Marks{})
	}
	_, wake := d.Deliver(q)
	q.Unlock()
	if wake != nil {
		wake.Wake()
	}
}

// errInprocess says that a transport has no octets to be carried bare.
func errInprocess(endpoint string) error {
	return &transport.EndpointError{Endpoint: endpoint, Reason: "in process no octets are exchanged"}
}

// carriesOctets refuses a transport that a socket without ZMTP has no use for.
func (s *socket) carriesOctets(endpoint string, t transport.Transport) error {
	if _, inprocess := t.(*inproc.Transport); inprocess && s.bare {
		return &peerError{ErrEndpoint, errInprocess(endpoint)}
	}
	return nil
}

// open is the handshake of a bare connection, which has none.
func (x *session) open() error {
	if _, inprocess := x.conn.(inprocessConn); inprocess {
		return fmt.Errorf("%w: %w", ErrProtocol, errInprocess(x.pipe.endpoint))
	}
	x.addresses()
	return nil
}
