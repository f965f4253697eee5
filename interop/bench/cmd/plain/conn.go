package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
)

// straight is the size from which on a frame is written and read straight from
// and to its memory, past the buffers.
const straight = 32 << 10

// prefix is the octets of the length before each frame.
const prefix = 4

// moreBit is set in the length of all frames of a message but the last.
const moreBit = 1 << 31

// conn is a connection that messages go over.
type conn struct {
	c      net.Conn
	r      *bufio.Reader
	headIn [prefix]byte
	body   []byte // the last large frame; nil until there is one
	shared bool

	mu      sync.Mutex // with shared, for what is below
	w       *bufio.Writer
	head    [prefix]byte
	gather  [2][]byte
	buffers net.Buffers
}

func newConn(c net.Conn, buffer int, shared bool) *conn {
	return &conn{c: c, r: bufio.NewReaderSize(c, buffer), w: bufio.NewWriterSize(c, buffer), shared: shared}
}

// Send implements child.Sender. What it wrote leaves when the buffer is full, or
// before Recv and Echo wait.
func (c *conn) Send(frames [][]byte) error {
	if c.shared {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	last := len(frames) - 1
	for i, f := range frames {
		n := uint32(len(f))
		if i < last {
			n |= moreBit
		}
		if err := c.write(n, f); err != nil {
			return err
		}
	}
	return nil
}

// Flush implements child.Flusher.
func (c *conn) Flush() error { return c.w.Flush() }

// Recv implements child.Receiver.
func (c *conn) Recv() (first []byte, octets int, err error) {
	for {
		f, more, err := c.read()
		if err != nil {
			return nil, 0, err
		}
		if first == nil {
			first = f
		}
		octets += len(f)
		if !more {
			return first, octets, nil
		}
	}
}

// Echo implements child.Echoer.
func (c *conn) Echo() error {
	for {
		f, more, err := c.read()
		if err != nil {
			return err
		}
		n := uint32(len(f))
		if more {
			n |= moreBit
		}
		if err := c.write(n, f); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// write writes one frame.
func (c *conn) write(length uint32, frame []byte) error {
	if len(frame) < straight {
		binary.BigEndian.PutUint32(c.head[:], length)
		if _, err := c.w.Write(c.head[:]); err != nil {
			return err
		}
		_, err := c.w.Write(frame)
		return err
	}
	if err := c.w.Flush(); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(c.head[:], length)
	c.gather = [2][]byte{c.head[:], frame}
	c.buffers = c.gather[:]
	_, err := c.buffers.WriteTo(c.c)
	return err
}

// read reads one frame, which is good until the next call. Before it waits for
// the peer it sends what the peer may wait for.
func (c *conn) read() (frame []byte, more bool, err error) {
	if c.r.Buffered() == 0 {
		if c.w.Buffered() > 0 {
			if err := c.w.Flush(); err != nil {
				return nil, false, err
			}
		}
		if c.body != nil {
			// The last frame was large, and so will be the next: filling the
			// buffer with part of it would only mean to copy that again.
			return c.readLarge()
		}
	}
	head, err := c.r.Peek(prefix)
	if err != nil {
		return nil, false, err
	}
	length := binary.BigEndian.Uint32(head)
	size := int(length &^ moreBit)
	if size >= straight || prefix+size > c.r.Size() {
		return c.readLarge()
	}
	whole, err := c.r.Peek(prefix + size)
	if err != nil {
		return nil, false, err
	}
	c.r.Discard(prefix + size) //nolint:errcheck // it is there
	return whole[prefix:], length&moreBit != 0, nil
}

// readLarge reads one frame into memory that is used again: what is in the
// buffer from there, all else straight from the connection.
func (c *conn) readLarge() (frame []byte, more bool, err error) {
	if err := c.readFull(c.headIn[:]); err != nil {
		return nil, false, err
	}
	length := binary.BigEndian.Uint32(c.headIn[:])
	size := int(length &^ moreBit)
	if size > cap(c.body) {
		c.body = make([]byte, size)
	}
	frame = c.body[:size]
	return frame, length&moreBit != 0, c.readFull(frame)
}

// readFull fills b.
func (c *conn) readFull(b []byte) error {
	n := 0
	if buffered := c.r.Buffered(); buffered > 0 {
		n, _ = c.r.Read(b[:min(len(b), buffered)]) // what is in the buffer comes without an error
	}
	_, err := io.ReadFull(c.c, b[n:])
	return err
}
