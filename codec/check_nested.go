package codec

import (
	"fmt"
	"strconv"
)

// array checks a slice or an array.
func (c *checker) array(s *shape, h head, depth int) error {
	switch {
	case h.class == nilClass:
		return nil
	case h.class != arrayClass:
		return c.mismatch("an array", h, depth)
	case s.kind == arrayShape && h.n > s.length:
		return fmt.Errorf("%w: %d elements do not fit in %d", ErrMismatch, h.n, s.length)
	}
	if err := c.enter(depth); err != nil {
		return err
	}
	if s.kind == sliceShape {
		if err := c.take(h.n * s.elem.size); err != nil {
			return err
		}
	}
	for i := range h.n {
		if err := c.value(s.elem, depth+1); err != nil {
			return within("["+strconv.FormatUint(i, 10)+"]", err)
		}
	}
	return nil
}

// mapping checks a map. The msgpack package takes what is in an extension for
// one, unchecked, so that an extension is refused.
func (c *checker) mapping(s *shape, h head, depth int) error {
	switch {
	case h.class == nilClass:
		return nil
	case h.class == extClass:
		return fmt.Errorf("%w: want a map, have %s", ErrMismatch, h.class)
	case h.class != mapClass:
		return c.mismatch("a map", h, depth)
	}
	if err := c.enter(depth); err != nil {
		return err
	}
	if err := c.take(mapMemory(h.n, s.key.size, s.elem.size)); err != nil {
		return err
	}
	for range h.n {
		begin := c.at
		err := c.value(s.key, depth+1)
		end := c.at
		if err == nil {
			err = c.value(s.elem, depth+1)
		}
		if err != nil {
			return within("["+c.named(begin, end)+"]", err)
		}
	}
	return nil
}

// named returns what an error calls the entry of a map with the key that stands
// there.
func (c *checker) named(begin, end int) string {
	key := checker{limits: c.limits, src: c.src[:end], at: begin}
	h, err := key.head()
	switch {
	case err != nil:
		return "a key"
	case h.class == strClass:
		name := key.src[key.at:]
		return strconv.Quote(string(name[:min(len(name), 64)]))
	case h.class == uintClass:
		return strconv.FormatUint(h.n, 10)
	case h.class == intClass:
		return strconv.FormatInt(int64(h.n), 10)
	}
	return h.class.String()
}

// structure checks a struct, which is a map of its fields by name, or an array
// of all of them. A field that comes twice is refused: the msgpack package would
// decode the second into what the first has left, and cannot always.
func (c *checker) structure(s *shape, h head, depth int) error {
	switch h.class {
	case nilClass:
		return nil
	case arrayClass:
		return c.listed(s, h, depth)
	case mapClass:
	default:
		return c.mismatch("a map of fields", h, depth)
	}
	if err := c.enter(depth); err != nil {
		return err
	}
	var few [4]uint64
	seen := few[:]
	if len(s.fields) > 64*len(few) {
		seen = make([]uint64, len(s.fields)/64+1)
	}
	next := 0
	for range h.n {
		i, err := c.field(s, next, depth)
		if err != nil {
			return err
		}
		if i < 0 {
			if err := c.skip(depth + 1); err != nil {
				return err
			}
			continue
		}
		f := &s.fields[i]
		if seen[i/64]&(1<<(i%64)) != 0 {
			return within("."+f.name, fmt.Errorf("%w: it comes twice", ErrMalformed))
		}
		seen[i/64] |= 1 << (i % 64)
		if err := c.member(f, depth); err != nil {
			return err
		}
		next = i + 1
	}
	return nil
}

// field reads the name of a field and returns its index, or -1 for one that the
// struct does not have. Most often it is the next one.
func (c *checker) field(s *shape, next, depth int) (int, error) {
	if next < len(s.fields) { // in the short form, the whole of head for most fields
		f := &s.fields[next]
		end := c.at + 1 + len(f.name)
		if len(f.name) < 32 && end <= len(c.src) && c.src[c.at] == 0xa0|byte(len(f.name)) && string(c.src[c.at+1:end]) == f.name && !f.hidden {
			c.at = end
			return next, nil
		}
	}
	h, err := c.head()
	if err != nil {
		return 0, err
	}
	var name []byte
	switch h.class {
	case strClass, binClass:
		name = c.src[c.at : c.at+int(h.n)]
		c.at += int(h.n)
	case nilClass: // the msgpack package reads "" from it
	default:
		return -1, c.mismatch("the name of a field", h, depth+1)
	}
	if next < len(s.fields) && s.fields[next].name == string(name) && !s.fields[next].hidden {
		return next, nil
	}
	i, ok := s.byName[string(name)]
	switch {
	case ok && i == embedded:
		return 0, within("."+string(name), fmt.Errorf("%w: its fields belong in what embeds it", ErrMismatch))
	case !ok && c.limits.known:
		return 0, fmt.Errorf("%w: unknown field %q", ErrMismatch, name[:min(len(name), 64)])
	case !ok:
		return -1, nil
	}
	return i, nil
}

// skip checks a value that is passed over.
func (c *checker) skip(depth int) error {
	h, err := c.head()
	if err != nil {
		return err
	}
	return c.rest(h, depth, false)
}

// listed checks a struct in the form of an array.
func (c *checker) listed(s *shape, h head, depth int) error {
	if err := c.enter(depth); err != nil {
		return err
	}
	if h.n == 0 {
		return nil
	}
	if h.n != uint64(len(s.fields)) {
		if c.strict {
			return fmt.Errorf("%w: want the %d fields, have %d", ErrMismatch, len(s.fields), h.n)
		}
		return c.rest(h, depth, true)
	}
	for i := range s.fields {
		if err := c.member(&s.fields[i], depth); err != nil {
			return err
		}
	}
	return nil
}

// member checks the value of a field of a struct at that depth.
func (c *checker) member(f *field, depth int) error {
	if f.refused != "" {
		return within("."+f.name, fmt.Errorf("%w: it %s", ErrMismatch, f.refused))
	}
	if err := c.value(f.shape, depth+1); err != nil {
		return within("."+f.name, err)
	}
	return nil
}
