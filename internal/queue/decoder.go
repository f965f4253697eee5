package queue

import (
	"errors"
	"fmt"
	"io"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// ErrTooLarge is in the chain of the errors that a [Decoder] returns for a
// message or command above its limits.
var ErrTooLarge = errors.New("too large")

// Limits bound what a Decoder accepts from a peer. A field of 0 sets no limit.
type Limits struct {
	Message int64 // octets of all bodies of one message
	Frames  int   // frames of one message
	Command int   // octets of one command
}

// A Handler gets what is not simply queued.
type Handler interface {
	// Command gets the body of a command frame, which is valid during the call.
	Command(body []byte) error
	// Inspect is asked about each whole message of an inspecting Decoder; only
	// what it keeps is queued.
	Inspect(m *Raw) (keep bool, err error)
}

// A Decoder turns the octets of one connection, after the handshake, into
// whole messages, and hands them to a queue. It does no I/O: the caller reads
// into Space and calls Scan. A body of [LargeBody] octets or more that has not
// arrived whole is received straight into the memory the application gets,
// which grows as octets arrive: a length on the wire is never trusted with an
// allocation. It is not safe for concurrent use.
type Decoder struct {
	limits  Limits
	handler Handler
	inspect bool
	quick   bool // messages of one short frame need no check

	b     *Batch // buffer that is read into; its large bodies
	start int    // messages before this have been delivered
	end   int    // whole messages end here
	kept  int    // whole frames end here; what is behind has not been looked at

	msgs, size int // whole messages between start and end, octets on the wire

	// The unfinished message.
	frames int
	octets int64 // of its bodies
	wire   int
	parts  int // large bodies in b before it

	// The unfinished large body.
	body    []byte
	slab    *slab // that body is in, if any
	filled  int
	want    int
	more    bool
	trusted int // octets this peer may announce and get at once: it has sent as much before

	busy bool
}

// NewDecoder returns a decoder that passes commands, and with inspect also
// every message, to h.
func NewDecoder(l Limits, h Handler, inspect bool) *Decoder {
	return &Decoder{
		limits:  l,
		handler: h,
		inspect: inspect,
		quick:   !inspect && (l.Message == 0 || l.Message >= maxShort),
		trusted: largeBuffer,
		b:       newBatch(0, false),
	}
}

// Space returns where the next octets are to be read to. It is never empty.
func (d *Decoder) Space() []byte {
	if d.body != nil {
		if d.filled == len(d.body) {
			grown := make([]byte, min(d.want, 2*len(d.body)))
			copy(grown, d.body)
			if d.slab != nil {
				d.slab.release()
			}
			d.body, d.slab = grown, nil
		}
		return d.body[d.filled:]
	}
	b := d.b
	switch {
	case len(b.buf) == 0 && d.busy != (cap(b.buf) >= largeBuffer):
		b.free()
		d.b = newBatch(0, d.busy)
	case cap(b.buf)-len(b.buf) < cap(b.buf)/8:
		d.grow()
	}
	b = d.b
	return b.buf[len(b.buf):cap(b.buf)]
}

// grow moves an unfinished message to a larger buffer. What has arrived
// doubles before the buffer does.
func (d *Decoder) grow() {
	old := d.b
	d.b = newBatch(2*cap(old.buf), true)
	d.b.buf = append(d.b.buf, old.buf...)
	d.b.large = append(d.b.large, old.large...)
	old.free()
}

// Scan looks at the n octets that were read into Space. After an error the
// connection is of no more use; what Deliver has been given stays good.
func (d *Decoder) Scan(n int) error {
	if d.body != nil {
		d.filled += n
		if d.filled < d.want {
			return nil
		}
		return d.endBody()
	}
	b := d.b
	d.busy = n >= smallBuffer/2
	b.buf = b.buf[:len(b.buf)+n]
	if d.quick && d.frames == 0 {
		d.skim()
	}
	at := d.kept
	for {
		rest := b.buf[at:]
		h, ok := zmtp.ParseShortHeader(rest)
		if !ok {
			var err error
			if h, err = zmtp.ParseHeader(rest); errors.Is(err, io.ErrUnexpectedEOF) {
				break
			} else if err != nil {
				return err
			}
		}
		if h.Flags&zmtp.FlagCommand != 0 {
			if d.limits.Command > 0 && h.Size > int64(d.limits.Command) {
				return fmt.Errorf("command of %d octets: %w, the limit is %d", h.Size, ErrTooLarge, d.limits.Command)
			}
			if int64(len(rest)-h.Len) < h.Size {
				break
			}
			at += h.Len + int(h.Size)
			if err := d.handler.Command(rest[h.Len : h.Len+int(h.Size)]); err != nil {
				return err
			}
			continue
		}
		if err := d.check(h.Size); err != nil {
			return err
		}
		if int64(len(rest)-h.Len) < h.Size {
			if h.Size >= LargeBody {
				d.startBody(h, rest)
				return nil
			}
			break
		}
		whole := h.Len + int(h.Size)
		if at != d.kept {
			copy(b.buf[d.kept:], rest[:whole])
		}
		at += whole
		d.kept += whole
		if err := d.endFrame(h.Flags&zmtp.FlagMore != 0, h.Size, whole); err != nil {
			return err
		}
	}
	if at != d.kept {
		n := copy(b.buf[d.kept:], b.buf[at:])
		b.buf = b.buf[:d.kept+n]
	}
	return nil
}

// skim takes in the messages of one short frame, as most are, that come next.
func (d *Decoder) skim() {
	buf, at, msgs := d.b.buf, d.kept, 0
	for at+1 < len(buf) && buf[at] == 0 {
		next := at + 2 + int(buf[at+1])
		if next > len(buf) {
			break
		}
		at = next
		msgs++
	}
	d.msgs += msgs
	d.size += at - d.kept
	d.kept, d.end = at, at
	d.parts = len(d.b.large)
}

// check holds the next frame of the message against the limits, before its
// body is waited for.
func (d *Decoder) check(size int64) error {
	if l := d.limits.Frames; l > 0 && d.frames >= l {
		return fmt.Errorf("message of more than %d frames: %w", l, ErrTooLarge)
	}
	if l := d.limits.Message; l > 0 && (size > l || d.octets+size > l) {
		return fmt.Errorf("message of %d octets or more: %w, the limit is %d", uint64(d.octets)+uint64(size), ErrTooLarge, l)
	}
	return nil
}

func (d *Decoder) endFrame(more bool, size int64, wire int) error {
	d.frames++
	d.octets += size
	d.wire += wire
	if more {
		return nil
	}
	keep := true
	if d.inspect {
		var m Raw
		m.cut(d.b, d.end, d.parts)
		var err error
		if keep, err = d.handler.Inspect(&m); err != nil {
			return err
		}
	}
	if keep {
		d.msgs++
		d.size += d.wire
		d.end = d.kept
		d.parts = len(d.b.large)
	} else {
		d.kept = d.end
		clear(d.b.large[d.parts:])
		d.b.large = d.b.large[:d.parts]
	}
	d.frames, d.octets, d.wire = 0, 0, 0
	return nil
}

// startBody begins a large body: rest is its header and what has come of it.
func (d *Decoder) startBody(h zmtp.Header, rest []byte) {
	d.want, d.more = int(h.Size), h.Flags&zmtp.FlagMore != 0
	n := min(d.want, max(d.trusted, len(rest)))
	d.slab = newSlab(n)
	d.body = d.slab.buf[:n:n]
	d.filled = copy(d.body, rest[h.Len:])
	copy(d.b.buf[d.kept:], rest[:h.Len])
	d.kept += h.Len
	d.b.buf = d.b.buf[:d.kept]
}

func (d *Decoder) endBody() error {
	d.trusted = max(d.trusted, 2*d.want)
	d.b.large = append(d.b.large, part{at: d.kept, body: d.body, slab: d.slab})
	d.body, d.slab = nil, nil
	d.busy = false
	head := 9
	err := d.endFrame(d.more, int64(d.want), head+d.want)
	d.b.buf = d.b.buf[:d.kept] // without the headers of a message that was not kept
	return err
}

// InBody reports whether a large body is being received into its own memory.
func (d *Decoder) InBody() bool { return d.body != nil }

// Discard forgets the whole messages not delivered, and returns how many
// there were.
func (d *Decoder) Discard() int {
	n := d.msgs
	d.b.dropFront(d.end, d.parts, 0, 0)
	d.kept -= d.end
	d.start, d.end, d.parts, d.msgs, d.size = 0, 0, 0, 0, 0
	return n
}

// Free gives the buffers back. Whole messages not delivered, of which there
// are Undelivered, are lost.
func (d *Decoder) Free() {
	d.b.free()
	d.b, d.body, d.slab = nil, nil, nil
}

// Undelivered returns how many whole messages have not been delivered.
func (d *Decoder) Undelivered() int { return d.msgs }
