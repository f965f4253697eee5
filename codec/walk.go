package codec

import (
	"fmt"
	"reflect"
	"strconv"
	"sync"
)

// maxHops bounds how many pointers and interfaces may lead to one value. A
// pointer to itself has no other end.
const maxHops = 100

// A walker looks at a value before it is encoded, so that one without an end is
// refused.
type walker struct {
	limits *limits
	shapes *sync.Map // those of the types found in interfaces, by reflect.Type
	left   int       // values it may still meet: each takes an octet at least
}

// walk returns an error if the value is deeper than allowed, as one that
// contains itself is, or has more parts than there may be octets. It stands
// within depth others, and hops pointers lead to it.
func (w *walker) walk(s *shape, v reflect.Value, depth, hops int) error {
	if w.left--; w.left < 0 {
		return fmt.Errorf("%w: takes more than %d octets", ErrLimit, w.limits.size)
	}
	if s.encodesItself || s.kind == errorShape {
		return nil
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if hops == maxHops {
			return fmt.Errorf("%w: behind more than %d pointers, or a pointer to itself", ErrLimit, maxHops)
		}
		if v.Kind() == reflect.Pointer {
			return w.walk(s.elem, v.Elem(), depth, hops+1)
		}
		return w.dynamic(v.Elem(), depth, hops+1)
	case reflect.Struct, reflect.Array:
	case reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil
		}
	default:
		return nil
	}
	if s.kind == bytesShape || s.kind == byteArrayShape {
		return nil
	}
	if depth >= w.limits.depth {
		return fmt.Errorf("%w: deeper than %d, or a value within itself", ErrLimit, w.limits.depth)
	}
	switch v.Kind() {
	case reflect.Struct:
		return w.fields(s, v, depth)
	case reflect.Map:
		return w.entries(s, v, depth)
	}
	if s.elem.flat() {
		return nil
	}
	for i := range v.Len() {
		if err := w.walk(s.elem, v.Index(i), depth+1, 0); err != nil {
			return within("["+strconv.Itoa(i)+"]", err)
		}
	}
	return nil
}

// flat reports whether there is nothing in values of the shape to look at.
func (s *shape) flat() bool {
	return s.encodesItself || s.kind >= boolShape && s.kind <= byteArrayShape
}

// dynamic walks through what is in an interface.
func (w *walker) dynamic(v reflect.Value, depth, hops int) error {
	t := v.Type()
	if k := t.Kind(); k == reflect.String || k < reflect.Uintptr {
		w.left--
		return nil
	}
	if known, ok := w.shapes.Load(t); ok {
		return w.walk(known.(*shape), v, depth, hops)
	}
	s := make(shaper).shape(t, false)
	if err := s.unfit(make(map[*shape]bool)); err != nil {
		return err
	}
	w.shapes.Store(t, s)
	return w.walk(s, v, depth, hops)
}

func (w *walker) fields(s *shape, v reflect.Value, depth int) error {
	for i := range s.fields {
		f := &s.fields[i]
		if !w.limits.arrays {
			w.left -= len(f.name)
		}
		if f.shape.flat() {
			w.left--
			continue
		}
		part, ok := at(v, f.index)
		if !ok { // behind an embedded pointer that is nil
			continue
		}
		if err := w.walk(f.shape, part, depth+1, 0); err != nil {
			return within("."+f.name, err)
		}
	}
	return nil
}

// at returns the field of a struct at an index, unless it is behind a nil
// pointer.
func at(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, true
}

func (w *walker) entries(s *shape, v reflect.Value, depth int) error {
	for entries := v.MapRange(); entries.Next(); {
		err := w.walk(s.key, entries.Key(), depth+1, 0)
		if err == nil {
			err = w.walk(s.elem, entries.Value(), depth+1, 0)
		}
		if err != nil {
			return within("["+keyName(entries.Key())+"]", err)
		}
	}
	return nil
}

// keyName returns what an error calls the entry of a map with that key.
func keyName(key reflect.Value) string {
	switch {
	case key.Kind() == reflect.String:
		name := key.String()
		return strconv.Quote(name[:min(len(name), 64)])
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10)
	case key.CanUint():
		return strconv.FormatUint(key.Uint(), 10)
	}
	return key.Type().String()
}
