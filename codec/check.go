package codec

import (
	"fmt"
	"strconv"
)

// A checker holds octets against a shape before they are decoded. It makes
// nothing, so that what a stranger claims costs no memory. What it lets pass,
// the msgpack package decodes without a panic, within the limits, and without
// losing part of a number.
//
// A value that is merely of the wrong type passes, unless the checker is strict:
// the msgpack package refuses it too, or knows of a decoder registered with it.
type checker struct {
	limits *limits
	src    []byte
	at     int
	memory uint64 // that decoding takes, about
	strict bool
}

// check checks that src is one whole value of the shape, within the limits.
func (c *checker) check(s *shape) error {
	if err := c.value(s, 0); err != nil {
		return err
	}
	if c.at < len(c.src) {
		return fmt.Errorf("%w: goes on at octet %d, behind the value", ErrMalformed, c.at)
	}
	return nil
}

// take counts memory.
func (c *checker) take(octets uint64) error {
	if c.memory += octets; c.memory > c.limits.memory {
		return fmt.Errorf("%w: takes more than %d octets of memory", ErrLimit, c.limits.memory)
	}
	return nil
}

// value checks the next value, which stands within depth others.
func (c *checker) value(s *shape, depth int) error {
	h, err := c.head()
	if err != nil {
		return err
	}
	for s.kind == pointerShape {
		if h.class == nilClass {
			return nil
		}
		s = s.elem
		if err := c.take(s.size); err != nil {
			return err
		}
	}
	switch s.kind {
	case boolShape:
		if h.class != boolClass && h.class != nilClass {
			return c.mismatch("a boolean", h, depth)
		}
		return nil
	case intShape, uintShape:
		return c.integer(s, h, depth)
	case floatShape:
		if h.class == float64Class && s.bits == 32 {
			return c.mismatch("a number of 32 bits", h, depth)
		}
		if h.class < nilClass || h.class > float64Class || h.class == boolClass {
			return c.mismatch("a number", h, depth)
		}
		return nil
	case stringShape, bytesShape, byteArrayShape:
		return c.octets(s, h, depth)
	case sliceShape, arrayShape:
		return c.array(s, h, depth)
	case mapShape:
		return c.mapping(s, h, depth)
	case structShape:
		return c.structure(s, h, depth)
	}
	return c.special(s, h, depth)
}

// special checks a value of one of the shapes that few types have.
func (c *checker) special(s *shape, h head, depth int) error {
	switch s.kind {
	case anyShape:
		if s.isKey && (h.class == binClass || h.class >= arrayClass || h.class == extClass && h.kind != -1) {
			return fmt.Errorf("%w: %s cannot be the key of a map", ErrMismatch, h.class)
		}
		return c.rest(h, depth, true)
	case timeShape: // the msgpack package panics
		if h.class == nilClass {
			return fmt.Errorf("%w: want a time, have nil", ErrMismatch)
		}
		if h.class != extClass && depth > 0 {
			return c.mismatch("a time", h, depth)
		}
		if h.class == extClass && c.strict && (h.kind != -1 || h.n != 4 && h.n != 8 && h.n != 12) {
			return fmt.Errorf("%w: want a time, have extension %d of %d octets", ErrMismatch, h.kind, h.n)
		}
		return c.rest(h, depth, false)
	case errorShape: // panics
		if h.class != strClass && h.class != nilClass {
			return fmt.Errorf("%w: want a string, have %s", ErrMismatch, h.class)
		}
		return c.rest(h, depth, true)
	case interfaceShape: // panics
		if h.class != nilClass {
			return fmt.Errorf("%w: %s cannot be decoded into an interface with methods", ErrMismatch, h.class)
		}
		return nil
	case selfShape:
		begin := c.at
		if err := c.rest(h, depth, false); err != nil {
			return err
		}
		return c.take(uint64(c.at - begin))
	}
	return fmt.Errorf("%w: it %s", ErrMismatch, s.reason)
}

// mismatch is the error of a value of the wrong type, if the checker is strict.
func (c *checker) mismatch(want string, h head, depth int) error {
	if c.strict {
		return fmt.Errorf("%w: want %s, have %s", ErrMismatch, want, h.class)
	}
	return c.rest(h, depth, true)
}

// integer checks that a number fits: the msgpack package would cut it off.
func (c *checker) integer(s *shape, h head, depth int) error {
	var fits bool
	signed := int64(h.n)
	switch h.class {
	case nilClass:
		return nil
	case uintClass:
		fits = s.kind == uintShape && h.n>>(s.bits-1)>>1 == 0 || s.kind == intShape && h.n>>(s.bits-1) == 0
	case intClass:
		if fits = s.kind == intShape; fits {
			fits = signed>>(s.bits-1) == 0 || signed>>(s.bits-1) == -1
		} else {
			fits = signed >= 0 && h.n>>(s.bits-1)>>1 == 0
		}
		if !fits {
			return fmt.Errorf("%w: %d does not fit in %s", ErrMismatch, signed, s.number())
		}
	default:
		return c.mismatch("an integer", h, depth)
	}
	if !fits {
		return fmt.Errorf("%w: %d does not fit in %s", ErrMismatch, h.n, s.number())
	}
	return nil
}

// number returns the name of an integer type.
func (s *shape) number() string {
	if s.kind == uintShape {
		return "uint" + strconv.Itoa(s.bits)
	}
	return "int" + strconv.Itoa(s.bits)
}

// octets checks a string, or octets: the msgpack package takes either for the
// other.
func (c *checker) octets(s *shape, h head, depth int) error {
	switch {
	case h.class == nilClass:
		return nil
	case h.class != strClass && h.class != binClass && s.kind == stringShape:
		return c.mismatch("a string", h, depth)
	case h.class != strClass && h.class != binClass:
		return c.mismatch("octets", h, depth)
	case s.kind == byteArrayShape && h.n > s.length:
		return fmt.Errorf("%w: %d octets do not fit in %d", ErrMismatch, h.n, s.length)
	}
	c.at += int(h.n)
	return c.take(h.n)
}

// rest checks what follows a head, whatever it is: the octets of the value, and
// the values in it. If it is kept, it takes memory.
func (c *checker) rest(h head, depth int, kept bool) error {
	var memory uint64
	switch h.class {
	case strClass, binClass, extClass:
		c.at += int(h.n)
		memory = 24 + h.n
	case arrayClass:
		memory = 24 + 16*h.n
	case mapClass:
		memory = mapMemory(h.n, 16, 16)
	default:
		memory = 8
	}
	if kept {
		if err := c.take(memory); err != nil {
			return err
		}
	}
	if h.class < arrayClass {
		if c.strict && kept && h.class == extClass && h.kind != -1 {
			return fmt.Errorf("%w: extension %d is not known", ErrMismatch, h.kind)
		}
		return nil
	}
	if err := c.enter(depth); err != nil {
		return err
	}
	values, pairs := h.n, h.class == mapClass
	if pairs {
		values *= 2
	}
	for i := range values {
		inner, err := c.head()
		if err != nil {
			return err
		}
		if c.strict && kept && pairs && i%2 == 0 && inner.class != strClass && inner.class != binClass && inner.class != nilClass {
			return fmt.Errorf("%w: want a string for the key of a map, have %s", ErrMismatch, inner.class)
		}
		if err := c.rest(inner, depth+1, kept); err != nil {
			return err
		}
	}
	return nil
}

// enter checks that there may be one more level of values.
func (c *checker) enter(depth int) error {
	if depth >= c.limits.depth {
		return fmt.Errorf("%w: deeper than %d", ErrLimit, c.limits.depth)
	}
	return nil
}

// mapMemory is about what a map takes: room for eight entries, or for half as
// many again as there are, to twice as many.
func mapMemory(entries, key, value uint64) uint64 {
	const header = 48
	if entries == 0 {
		return header
	}
	return header + max(8, 2*entries)*(key+value+1)
}
