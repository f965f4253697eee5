package queue_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

var errHandler = errors.New("refused by the handler")

// A handler keeps the commands it gets. What the first octet of a command or
// message says decides what it does:
//
//	command 'E'  an error
//	message 'D'  dropped
//	message 'X'  an error
type handler struct {
	commands  [][]byte
	inspected []message
}

func (h *handler) Command(body []byte) error {
	h.commands = append(h.commands, bytes.Clone(body))
	if len(body) > 0 && body[0] == 'E' {
		return errHandler
	}
	return nil
}

func (h *handler) Inspect(m *queue.Raw) (keep bool, err error) {
	msg := clone(m.AppendFrames(nil))
	h.inspected = append(h.inspected, msg)
	if m.Frames() != len(msg) || m.Size() != wireSize([]message{msg}) && !h.loose(m, msg) {
		return false, fmt.Errorf("%d frames of %d octets, and it is %s", m.Frames(), m.Size(), show(msg))
	}
	return verdict(msg)
}

// loose reports whether a peer may have spent more octets on m than we would:
// LONG on small frames.
func (h *handler) loose(m *queue.Raw, msg message) bool {
	n := wireSize([]message{msg})
	return m.Size() > n && m.Size() <= n+7*len(msg)
}

func verdict(msg message) (keep bool, err error) {
	switch first := append(msg[0], 0)[0]; first {
	case 'D':
		return false, nil
	case 'X':
		return false, errHandler
	}
	return true, nil
}

// An outcome is all that comes out of a stream of octets.
type outcome struct {
	messages []message
	commands [][]byte
	err      error
}

func (o outcome) equal(p outcome) bool {
	return slices.EqualFunc(o.messages, p.messages, equal) && slices.EqualFunc(o.commands, p.commands, bytes.Equal) &&
		kind(o.err) == kind(p.err)
}

func (o outcome) String() string {
	s := fmt.Sprintf("%d messages, %d commands, error %v;", len(o.messages), len(o.commands), o.err)
	for _, m := range o.messages[max(0, len(o.messages)-3):] {
		s += " " + show(m)
	}
	return s
}

func kind(err error) string {
	var p *zmtp.ProtocolError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errHandler):
		return "handler"
	case errors.Is(err, queue.ErrTooLarge):
		return "too large"
	case errors.As(err, &p):
		return "protocol"
	default:
		return "other"
	}
}

// parse says what is to come out of a stream, as plainly as it can be said.
func parse(b []byte, l queue.Limits, inspect bool) (o outcome) {
	var h handler
	defer func() { o.commands = h.commands }()
	var msg message
	octets := int64(0)
	for {
		head, err := zmtp.ParseHeader(b)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return o
		case err != nil:
			o.err = err
			return o
		}
		switch {
		case head.Command() && l.Command > 0 && head.Size > int64(l.Command),
			!head.Command() && l.Frames > 0 && len(msg) >= l.Frames,
			!head.Command() && l.Message > 0 && (head.Size > l.Message || octets > l.Message-head.Size):
			o.err = queue.ErrTooLarge
			return o
		}
		b = b[head.Len:]
		if int64(len(b)) < head.Size {
			return o
		}
		frame := b[:head.Size:head.Size]
		b = b[head.Size:]
		if head.Command() {
			if o.err = h.Command(frame); o.err != nil {
				return o
			}
			continue
		}
		msg = append(msg, frame)
		octets += head.Size
		if head.More() {
			continue
		}
		keep := true
		if inspect {
			if keep, o.err = verdict(msg); o.err != nil {
				return o
			}
		}
		if keep {
			o.messages = append(o.messages, msg)
		}
		msg, octets = nil, 0
	}
}

// A feed gives a stream to a Decoder, read by read, and takes what comes out.
type feed struct {
	limits  queue.Limits
	inspect bool
	marks   queue.Marks
	split   func(space int) int // octets of the next read, 1 to space
	reads   func() int          // messages the application takes while there is no room, 1 or more
	later   func() bool         // if not nil: whether to read on before anything is delivered
}

func (f feed) run(t testing.TB, stream []byte) (o outcome) {
	t.Helper()
	h := &handler{}
	d := queue.NewDecoder(f.limits, h, f.inspect)
	q := queue.New(new(sync.Mutex), f.marks, false, nil)
	w := &waker{}
	q.Lock()
	q.SetConsumer(w)
	q.Unlock()
	r := queue.NewReader(q)
	var arena queue.Arena
	read := func(n int) bool {
		for range n {
			raw := r.Next()
			if raw == nil {
				return false
			}
			if len(o.messages)%2 == 0 {
				o.messages = append(o.messages, arena.Message(raw, nil, 0))
			} else {
				o.messages = append(o.messages, new(queue.Loans).Into(raw, nil, nil, 0))
			}
			r.Done()
		}
		return true
	}
	for fed := 0; fed < len(stream) && o.err == nil; {
		space := d.Space()
		if len(space) == 0 {
			t.Fatalf("no space after %d octets", fed)
		}
		n := copy(space[:min(len(space), max(1, f.split(len(space))))], stream[fed:])
		fed += n
		o.err = d.Scan(n)
		if f.later != nil && f.later() && fed < len(stream) && o.err == nil {
			continue
		}
		for {
			q.Lock()
			before, waiting := q.Depth(), d.Undelivered()
			all, wake := d.Deliver(q)
			after := q.Depth()
			q.Unlock()
			if int(after.Total-before.Total) != waiting-d.Undelivered() || all != (d.Undelivered() == 0) {
				t.Fatalf("%d of %d delivered, the queue got %d, all: %t", waiting-d.Undelivered(), waiting, after.Total-before.Total, all)
			}
			if wake != nil {
				wake.Wake()
			}
			if m := f.marks.Messages; m > 0 && after.Messages > m {
				t.Fatalf("%d messages in a queue for %d", after.Messages, m)
			}
			if b := f.marks.Bytes; b > 0 && after.Bytes > b && after.Messages > 1 {
				t.Fatalf("%d octets in a queue for %d", after.Bytes, b)
			}
			if all {
				break
			}
			if !read(f.reads()) && after.Messages == 0 {
				t.Fatal("an empty queue takes no message")
			}
		}
	}
	for read(1) {
	}
	if d := depth(q); d.Messages != 0 || d.Bytes != 0 {
		t.Fatalf("depth %+v once all was read", d)
	}
	if w.woken == 0 && len(o.messages) > 0 {
		t.Fatal("the application was never woken")
	}
	d.Free()
	o.commands = h.commands
	return o
}

// whole reads as much at once as there is space for.
func whole(space int) int { return space }

// anyStream returns a stream with frames of all forms.
func anyStream(r *rand.Rand, frames int) (b []byte) {
	inside := false
	for i := range frames {
		n := r.IntN(100)
		if r.IntN(5) == 0 {
			n = sizes[r.IntN(len(sizes))]
		}
		f := body(i, n)
		var flags byte
		switch {
		case r.IntN(6) == 0:
			if flags = zmtp.FlagCommand; n > 0 {
				f[0] = "NNc"[r.IntN(3)]
			}
			if inside && n > 0 {
				f[0] = 'c'
			}
		case r.IntN(3) == 0:
			flags, inside = zmtp.FlagMore, true
		default:
			inside = false
		}
		if flags&zmtp.FlagCommand == 0 && n > 0 {
			f[0] = "DMMM"[r.IntN(4)]
		}
		if n <= 255 && r.IntN(4) == 0 { // LONG where it is not needed (WT-24)
			b = append(b, flags|zmtp.FlagLong, 0, 0, 0, 0, 0, 0, 0, byte(n))
			b = append(b, f...)
		} else {
			b = zmtp.AppendFrame(b, flags, f)
		}
	}
	return b
}
