package codec

import (
	"encoding/binary"
	"fmt"
)

// A class is what kind of value MessagePack octets stand for.
type class uint8

const (
	noClass class = iota
	nilClass
	boolClass
	uintClass
	intClass
	float32Class
	float64Class
	strClass
	binClass
	extClass
	arrayClass
	mapClass
)

// String returns what an error calls the class.
func (c class) String() string {
	return [...]string{
		"nothing", "nil", "a boolean", "an integer", "an integer", "a number of 32 bits", "a number of 64 bits",
		"a string", "octets", "an extension", "an array", "a map",
	}[c]
}

// A head is what a value begins with.
type head struct {
	class class
	kind  int8 // of an extension
	// n is how many octets, elements or entries follow; of a number, its bits.
	n uint64
}

// forms is what the octets from 0xc0 to 0xdf begin: a class, and how many octets
// its number or length has. The extensions of a fixed length have it here.
var forms = [32]struct {
	class class
	width uint8
	fixed uint8
}{
	0x00:        {class: nilClass},
	0xc2 - 0xc0: {class: boolClass},
	0xc3 - 0xc0: {class: boolClass},
	0xc4 - 0xc0: {class: binClass, width: 1},
	0xc5 - 0xc0: {class: binClass, width: 2},
	0xc6 - 0xc0: {class: binClass, width: 4},
	0xc7 - 0xc0: {class: extClass, width: 1},
	0xc8 - 0xc0: {class: extClass, width: 2},
	0xc9 - 0xc0: {class: extClass, width: 4},
	0xca - 0xc0: {class: float32Class, width: 4},
	0xcb - 0xc0: {class: float64Class, width: 8},
	0xcc - 0xc0: {class: uintClass, width: 1},
	0xcd - 0xc0: {class: uintClass, width: 2},
	0xce - 0xc0: {class: uintClass, width: 4},
	0xcf - 0xc0: {class: uintClass, width: 8},
	0xd0 - 0xc0: {class: intClass, width: 1},
	0xd1 - 0xc0: {class: intClass, width: 2},
	0xd2 - 0xc0: {class: intClass, width: 4},
	0xd3 - 0xc0: {class: intClass, width: 8},
	0xd4 - 0xc0: {class: extClass, fixed: 1},
	0xd5 - 0xc0: {class: extClass, fixed: 2},
	0xd6 - 0xc0: {class: extClass, fixed: 4},
	0xd7 - 0xc0: {class: extClass, fixed: 8},
	0xd8 - 0xc0: {class: extClass, fixed: 16},
	0xd9 - 0xc0: {class: strClass, width: 1},
	0xda - 0xc0: {class: strClass, width: 2},
	0xdb - 0xc0: {class: strClass, width: 4},
	0xdc - 0xc0: {class: arrayClass, width: 2},
	0xdd - 0xc0: {class: arrayClass, width: 4},
	0xde - 0xc0: {class: mapClass, width: 2},
	0xdf - 0xc0: {class: mapClass, width: 4},
}

// head reads what the next value begins with, and checks that as much follows
// as it says, and not more than is allowed.
func (c *checker) head() (head, error) {
	if c.at >= len(c.src) {
		return head{}, fmt.Errorf("%w: ends at octet %d, in the middle", ErrMalformed, c.at)
	}
	b := c.src[c.at]
	switch {
	case b < 0x80:
		c.at++
		return head{class: uintClass, n: uint64(b)}, nil
	case b >= 0xe0:
		c.at++
		return head{class: intClass, n: uint64(int64(int8(b)))}, nil
	case b >= 0xc0:
		return c.longHead(b)
	case b >= 0xa0:
		return c.bounded(head{class: strClass, n: uint64(b & 0x1f)}, 1)
	case b >= 0x90:
		return c.bounded(head{class: arrayClass, n: uint64(b & 0x0f)}, 1)
	}
	return c.bounded(head{class: mapClass, n: uint64(b & 0x0f)}, 1)
}

// longHead is head for what begins with 0xc0 to 0xdf.
func (c *checker) longHead(b byte) (head, error) {
	form := forms[b-0xc0]
	h := head{class: form.class, n: uint64(form.fixed)}
	size := 1 + int(form.width)
	if form.class == extClass {
		size++
	}
	rest := c.src[c.at:]
	switch {
	case form.class == noClass:
		return h, fmt.Errorf("%w: 0x%02x at octet %d begins nothing", ErrMalformed, b, c.at)
	case len(rest) < size:
		return h, fmt.Errorf("%w: ends at octet %d, in the middle", ErrMalformed, len(c.src))
	}
	switch form.width {
	case 1:
		h.n = uint64(rest[1])
	case 2:
		h.n = uint64(binary.BigEndian.Uint16(rest[1:]))
	case 4:
		h.n = uint64(binary.BigEndian.Uint32(rest[1:]))
	case 8:
		h.n = binary.BigEndian.Uint64(rest[1:])
	}
	switch form.class {
	case intClass:
		shift := 64 - 8*uint(form.width)
		h.n = uint64(int64(h.n<<shift) >> shift)
	case extClass:
		h.kind = int8(rest[size-1])
	}
	if form.class < strClass {
		c.at += size
		return h, nil
	}
	return c.bounded(h, size)
}

// bounded goes behind a head of some octets, and checks its length.
func (c *checker) bounded(h head, size int) (head, error) {
	left := uint64(len(c.src) - c.at - size)
	need := h.n // each element takes an octet at least
	if h.class == mapClass {
		need *= 2
	}
	switch {
	case need > left:
		return h, fmt.Errorf("%w: %s of %d at octet %d, and %d octets follow", ErrMalformed, h.class, h.n, c.at, left)
	case h.class >= arrayClass && h.n > uint64(c.limits.length):
		return h, fmt.Errorf("%w: %s of %d, want at most %d", ErrLimit, h.class, h.n, c.limits.length)
	}
	c.at += size
	return h, nil
}
