package socket

import (
	"io"
	"math"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// A sealer encrypts frames on their way to a connection, each by itself, and
// writes them, as many at a time as a chunk holds. Without a cipher it gives them
// the form of ZMTP 1.0 instead. It belongs to whoever writes.
type sealer struct {
	cipher *zmtp.Cipher
	out    *chunk // what has been sealed and not yet taken; nil if there is nothing
	plain  int    // octets of the frames in it
	sent   int    // octets of it that the connection has taken
	begun  int    // octets of the frames in it that will be given again
}

// write implements outgoing.
func (o *sealer) write(conn io.Writer, frames [][]byte) (n int, err error) {
	size := 0
	for _, b := range frames {
		size += len(b)
	}
	again := o.begun
	o.begun = 0
	for len(frames) > 0 {
		b := frames[0][again:]
		frames, again = frames[1:], 0
		for len(b) > 0 {
			flags, body, rest := cutFrame(b)
			if body == nil {
				body, frames = frames[0], frames[1:]
			}
			b = rest
			if next := o.sealedSize(body); o.out != nil && (o.out.room() < next || len(o.out.buf) >= usualChunk) {
				taken, err := o.flush(conn, next)
				if n += taken; err != nil {
					return n, err
				}
			}
			o.seal(flags, body, size)
		}
	}
	taken, err := o.flush(conn, 0)
	return n + taken, err
}

// begin implements outgoing.
func (o *sealer) begin(now *attempt, frames []byte) (n int) {
	size := len(frames)
	for b := frames; len(b) > 0; {
		var flags byte
		var body []byte
		flags, body, b = cutFrame(b)
		o.seal(flags, body, size)
	}
	o.sent = now.write(o.out.buf)
	if o.sent == len(o.out.buf) {
		o.free()
		return size
	}
	o.begun = size
	return o.whole()
}

// seal puts a frame behind those in the chunk, or in a new one of the size that
// suits so many octets in all.
func (o *sealer) seal(flags byte, body []byte, size int) {
	if o.out == nil {
		want := usualChunk
		if size <= smallChunk/4 {
			want = smallChunk
		}
		o.out = newChunk(max(want, o.sealedSize(body)))
	}
	if o.cipher == nil {
		o.out.buf = zmtp.AppendFrameV1(o.out.buf, flags, body)
	} else {
		o.out.buf = o.cipher.Seal(o.out.buf, flags, body)
	}
	o.plain += frameSize(len(body))
}

// flush writes what is in the chunk, which is kept if it has room for next
// octets and next is not 0.
func (o *sealer) flush(conn io.Writer, next int) (n int, err error) {
	c := o.out
	if c == nil {
		return 0, nil
	}
	taken, err := conn.Write(c.buf[o.sent:])
	o.sent += taken
	if err != nil {
		return o.whole(), err
	}
	n = o.plain
	if next == 0 || next > cap(c.buf) {
		o.free()
		return n, nil
	}
	c.buf, o.plain, o.sent = c.buf[:0], 0, 0
	return n, nil
}

// whole returns how many octets have been taken of frames that were taken whole.
func (o *sealer) whole() (n int) {
	for b := o.out.buf[:o.sent]; ; {
		parse, overhead := zmtp.ParseHeader, zmtp.CipherOverhead
		if o.cipher == nil {
			parse, overhead = zmtp.ParseHeaderV1, 0
		}
		h, err := parse(b)
		if err != nil || int64(len(b)-h.Len) < h.Size {
			return n // all that can be wrong with a frame of ours is that it ends early
		}
		n += frameSize(int(h.Size) - overhead)
		b = b[h.Len+int(h.Size):]
	}
}

// free gives the memory back.
func (o *sealer) free() {
	if o.out != nil {
		o.out.free()
	}
	o.out, o.plain, o.sent, o.begun = nil, 0, 0, 0
}

// frameSize returns the octets of a frame with a body of n.
func frameSize(n int) int {
	if n <= math.MaxUint8 {
		return 2 + n
	}
	return 9 + n
}

// sealedSize returns the octets of the frame with this body once it is sealed.
func (o *sealer) sealedSize(body []byte) int {
	if o.cipher == nil {
		return zmtp.FrameSizeV1(len(body))
	}
	return frameSize(len(body) + zmtp.CipherOverhead)
}

// cutFrame cuts the first frame off b. The body is nil if it is not there.
func cutFrame(b []byte) (flags byte, body, rest []byte) {
	h, ok := zmtp.ParseShortHeader(b)
	if !ok {
		h, _ = zmtp.ParseHeader(b) // what is queued has been checked
	}
	b = b[h.Len:]
	if h.Size > int64(len(b)) {
		return h.Flags, nil, b
	}
	return h.Flags, b[:h.Size], b[h.Size:]
}
