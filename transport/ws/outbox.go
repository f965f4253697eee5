package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/coder/websocket"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// An outbox makes messages of frames of ZMTP. What it returns as written is what the connection below has taken, so that
// who writes knows which frames have gone out whole.
type outbox struct {
	mu      sync.Mutex
	greeted bool
	begun   bool   // the first command has gone out
	part    []byte // of a frame that has not come whole
	message []byte // memory for one
	marks   []mark // frames that the connection has not taken whole
	pending int    // octets of them
	skip    int    // octets that come again in the next Write: they are in marks
}

// A mark is a frame on its way out.
type mark struct {
	octets int // of ZMTP that were not reported as written
	end    int // where it ends in what the carrier has kept
}

// Write sends frames of ZMTP. The first 64 octets have to be a greeting, which goes nowhere. After a deadline was missed the
// next Write has to begin where the one before it says.
func (c *conn) Write(b []byte) (int, error) {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	if !o.greeted {
		var err error
		if n, err = c.greet(b); err != nil || !o.greeted || n == len(b) {
			return n, c.explain("write", err)
		}
	}
	if err := c.await(); err != nil {
		return n, c.explain("write", err)
	}
	m, err := c.send(b[n:])
	return n + m, c.explain("write", err)
}

// greet takes our greeting.
func (c *conn) greet(b []byte) (int, error) {
	o := &c.out
	n := min(len(b), zmtp.GreetingSize-len(o.part))
	o.part = append(o.part, b[:n]...)
	g, err := zmtp.ParseGreeting(o.part)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	o.part, o.greeted = o.part[:0], true
	c.mechanism <- g.Mechanism
	return n, nil
}

// send writes frames, as many at a time as make one large write.
func (c *conn) send(b []byte) (n int, err error) {
	o, on := &c.out, c.ch.on
	used := min(o.skip, len(b))
	o.skip -= used
	for err == nil {
		on.Cork()
		for err == nil && used < len(b) && on.Kept() < ample {
			var m int
			m, err = c.take(b[used:])
			used += m
		}
		took, failed := on.Flush()
		o.account(took)
		if failed != nil {
			err = failed
		}
		if used == len(b) {
			break
		}
	}
	if o.pending > 0 && err != nil {
		o.skip = min(o.pending, used)
	}
	return used - o.skip, err
}

// account notes that the carrier has written so many octets of what it kept.
func (o *outbox) account(took int) {
	whole := 0
	for i := range o.marks {
		m := &o.marks[i]
		if m.end <= took {
			o.pending -= m.octets
			whole++
			continue
		}
		if i == whole { // a part of it has gone; its last octet is said to go when it has gone whole
			begin := 0
			if i > 0 {
				begin = o.marks[i-1].end
			}
			part := min(max(took-begin, 0), m.octets-1)
			m.octets -= part
			o.pending -= part
		}
	}
	o.marks = o.marks[:copy(o.marks, o.marks[whole:])]
	for i := range o.marks {
		o.marks[i].end -= took
	}
}

// take encodes one frame, or keeps the part of one, and returns how many octets that took.
func (c *conn) take(b []byte) (int, error) {
	o := &c.out
	whole, before := b, len(o.part)
	if before > 0 {
		o.part = append(o.part, b[:min(len(b), max(0, head-before))]...)
		whole = o.part
	}
	h, err := zmtp.ParseHeader(whole)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		if before == 0 {
			o.part = append(o.part, b...)
		}
		return len(b), nil
	}
	if err != nil {
		return 0, err
	}
	size := h.Len + int(h.Size)
	if before == 0 {
		if len(b) < size {
			o.part = append(o.part, b...)
			return len(b), nil
		}
		return size, c.encode(h, b[h.Len:size], size)
	}
	used := min(len(b), size-before)
	o.part = append(o.part[:before], b[:used]...)
	if len(o.part) < size {
		return used, nil
	}
	err = c.encode(h, o.part[h.Len:size], used)
	if o.part = o.part[:0]; cap(o.part) > 4*ample {
		o.part = nil
	}
	return used, err
}

// encode gives one frame to the WebSocket. Octets is how many of it are of the present Write.
func (c *conn) encode(h zmtp.Header, body []byte, octets int) error {
	o := &c.out
	flags := flagsOut(h)
	if c.unnamed && h.Command() {
		identity, ok, err := c.introduce(body)
		if !ok || err != nil {
			return err // it cannot be said without a mechanism
		}
		flags, body = 0, identity
	}
	o.message = append(append(o.message[:0], flags), body...)
	err := c.ch.Write(context.Background(), websocket.MessageBinary, o.message)
	if cap(o.message) > 4*ample {
		o.message = nil
	}
	o.marks = append(o.marks, mark{octets, c.ch.on.Kept()})
	o.pending += octets
	return err
}

// introduce returns the identity in our READY, which without a mechanism is all there is of it (WS-04).
func (c *conn) introduce(body []byte) (identity []byte, ok bool, err error) {
	name, payload, err := zmtp.ParseCommand(body)
	if err != nil || name != zmtp.CommandReady || c.out.begun {
		return nil, false, err
	}
	c.out.begun = true
	md, err := zmtp.ParseMetadata(payload)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", transport.ErrProtocol, err)
	}
	identity, _ = md.Lookup(zmtp.IdentityProperty)
	return identity, true, nil
}
