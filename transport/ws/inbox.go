package ws

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/coder/websocket"

	"github.com/brokerless/brokerless/internal/carrier"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

const (
	// maxHandshake is the largest command of a handshake.
	maxHandshake = zmtp.DefaultMaxCommand

	// ample is how much that was not read yet is enough.
	ample = 64 << 10

	// head is the longest header of a frame of ZMTP, in whose last octet the flags of ZWS come.
	head = 9
)

// An inbox is frames of ZMTP that have come and were not read yet.
type inbox struct {
	mu      sync.Mutex
	b       []byte
	taken   int
	err     error // behind b
	wanted  bool  // somebody waits for more
	traffic bool  // the handshake is over

	arrived  chan struct{} // of capacity 1: there is more, or the end
	room     chan struct{} // of capacity 1: there is less, or more is wanted
	deadline carrier.Deadline
}

func (i *inbox) init() {
	i.arrived = make(chan struct{}, 1)
	i.room = make(chan struct{}, 1)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (i *inbox) read(b []byte, closed <-chan struct{}) (int, error) {
	for {
		past := i.deadline.Past()
		select {
		case <-past:
			return 0, os.ErrDeadlineExceeded
		case <-closed:
			return 0, net.ErrClosed
		default:
		}
		i.mu.Lock()
		n := copy(b, i.b[i.taken:])
		i.taken += n
		left, err := len(i.b)-i.taken, i.err
		i.wanted = n == 0 && len(b) > 0
		i.mu.Unlock()
		if left < ample {
			signal(i.room)
		}
		if n > 0 || len(b) == 0 || err != nil {
			if left > 0 || err != nil { // for whoever else reads
				signal(i.arrived)
			}
			if n > 0 || len(b) == 0 {
				err = nil
			}
			return n, err
		}
		select {
		case <-i.arrived:
		case <-past:
		case <-closed:
		}
	}
}

// put adds frames. It may take b for its own, and returns memory for the next ones.
func (i *inbox) put(b []byte) (spare []byte) {
	i.mu.Lock()
	if i.taken == len(i.b) {
		spare, i.b, i.taken = i.b, b, 0
	} else {
		i.b = append(i.b, b...)
		spare = b
	}
	i.wanted = false
	i.mu.Unlock()
	signal(i.arrived)
	if cap(spare) > 4*ample {
		return nil
	}
	return spare[:0]
}

func (i *inbox) end(why error) {
	i.mu.Lock()
	if i.err == nil {
		i.err = why
	}
	i.mu.Unlock()
	signal(i.arrived)
}

func (i *inbox) filled() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.b) > i.taken
}

// hungry reports whether more is to be read. In the handshake that is one frame at a time, when it is waited for: what
// comes after the handshake has other limits.
func (i *inbox) hungry() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.traffic {
		return len(i.b)-i.taken < ample
	}
	return i.wanted && len(i.b) == i.taken
}

// pump reads messages and makes frames of them, until the end.
func (c *conn) pump() error {
	var b []byte
	for first := true; ; first = false {
		for !c.in.hungry() {
			c.crammed.Store(true)
			select {
			case <-c.in.room:
			case <-c.closed:
				return net.ErrClosed
			}
		}
		if c.crammed.Swap(false) {
			c.hear()
		}
		typ, r, err := c.ch.Reader(context.Background())
		if err != nil {
			return ending(err)
		}
		if typ != websocket.MessageBinary {
			return fmt.Errorf("%w: a text message, want binary", transport.ErrProtocol)
		}
		var frame []byte
		if b, err = readMessage(b, r); err != nil {
			return ending(err)
		}
		c.hear()
		if frame, err = c.frame(b, first); err != nil {
			return err
		}
		b = c.in.put(frame)
	}
}

// readMessage reads a message behind all but one octet of the place for a header. Memory grows as octets come.
func readMessage(b []byte, r io.Reader) ([]byte, error) {
	b = append(b[:0], make([]byte, head-1)...)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):min(cap(b), 2*len(b)+4096)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// frame makes a frame of ZMTP of a message, in its place.
func (c *conn) frame(b []byte, first bool) ([]byte, error) {
	if len(b) < head {
		return nil, fmt.Errorf("%w: an empty message, want flags", transport.ErrProtocol)
	}
	flags, err := flagsIn(b[head-1])
	if err != nil {
		return nil, err
	}
	body := b[head:]
	if first && c.unnamed { // its identity, in place of READY (WS-04)
		if flags != 0 {
			return nil, fmt.Errorf("%w: flags 0x%02x on an identity", transport.ErrProtocol, b[head-1])
		}
		return zmtp.AppendReady(nil, zmtp.Metadata{{Name: zmtp.IdentityProperty, Value: body}}), nil
	}
	if len(body) <= 255 {
		b[head-2], b[head-1] = flags, byte(len(body))
		return b[head-2:], nil
	}
	b[0] = flags | zmtp.FlagLong
	binary.BigEndian.PutUint64(b[1:], uint64(len(body)))
	return b, nil
}

// ending returns why no more can be read.
func ending(err error) error {
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return io.EOF
	case websocket.StatusProtocolError, websocket.StatusUnsupportedData, websocket.StatusPolicyViolation, websocket.StatusMessageTooBig:
		return fmt.Errorf("%w: %w", transport.ErrProtocol, err)
	}
	switch {
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Errorf("%w: %w", transport.ErrTooLarge, err)
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	if e := net.Error(nil); errors.As(err, &e) || errors.Is(err, net.ErrClosed) {
		return err
	}
	return fmt.Errorf("%w: %w", transport.ErrProtocol, err)
}

// SetTerms implements transport.Termed.
func (c *conn) SetTerms(t transport.Terms) {
	if c.ch == nil {
		return
	}
	limit := int64(-1)
	if t.MaxMessage > 0 {
		limit = 1 + t.MaxMessage
	}
	c.ch.SetReadLimit(limit)
	c.in.mu.Lock()
	c.in.traffic = true
	c.in.mu.Unlock()
	signal(c.in.room)
	select {
	case c.terms <- t:
	default:
	}
}
