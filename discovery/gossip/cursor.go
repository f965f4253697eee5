package gossip

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
)

// errShort is the error of octets that end before what they announce.
var errShort = errors.New("ends early")

// A cursor reads octets from the front. After the first error every read
// returns zero, so that only the last one needs to be asked.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.rest = nil
}

// octets returns the next n octets, without copying them.
func (c *cursor) octets(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.fail(errShort)
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) octet() byte {
	b := c.octets(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (c *cursor) uint() uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		c.fail(errShort)
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

// count returns the next number if that many things of at least size octets
// each can follow.
func (c *cursor) count(size int) int {
	n := c.uint()
	if n > uint64(len(c.rest)/size) {
		c.fail(fmt.Errorf("%d entries announced, and room for %d", n, len(c.rest)/size))
		return 0
	}
	return int(n)
}

// block returns the octets that follow their length.
func (c *cursor) block() []byte { return c.octets(c.uint()) }

func (c *cursor) text() string { return string(c.block()) }

func (c *cursor) id() (id discovery.ID) {
	copy(id[:], c.octets(uint64(len(id))))
	return id
}

func appendBlock[T string | []byte](dst []byte, block T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(block)))
	return append(dst, block...)
}
