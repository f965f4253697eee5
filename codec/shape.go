package codec

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// A shape is what the msgpack package makes of a Go type: what it asks of the
// octets, and how much memory it takes for them. It is made once for a codec,
// so that octets can be held against it before they are decoded.
type shape struct {
	kind   shapeKind
	size   uint64  // octets of memory of a value in place
	bits   int     // of a number
	length uint64  // of an array
	elem   *shape  // of a pointer, slice, array or map
	key    *shape  // of a map
	fields []field // of a struct, in the order of its array form
	byName map[string]int
	reason string // why it is unfit, or refused when it is decoded

	making bool // and not done yet
	// isKey: the value becomes part of the key of a map, and must have a hash.
	isKey bool
	// encodesItself: what is in it is its own matter when it is encoded.
	encodesItself bool
}

type shapeKind uint8

const (
	anyShape       shapeKind = iota // an interface without methods
	interfaceShape                  // one with methods
	errorShape
	boolShape
	intShape
	uintShape
	floatShape
	stringShape
	bytesShape
	byteArrayShape
	sliceShape
	arrayShape
	mapShape
	structShape
	pointerShape
	timeShape
	selfShape    // decodes itself
	refusedShape // cannot be decoded into
	unfitShape   // the msgpack package panics, or never returns
)

var (
	timeType  = reflect.TypeFor[time.Time]()
	errorType = reflect.TypeFor[error]()
	encoders  = []reflect.Type{
		reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.Marshaler](),
		reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler](),
	}
	decoders = []reflect.Type{
		reflect.TypeFor[msgpack.CustomDecoder](), reflect.TypeFor[msgpack.Unmarshaler](),
		reflect.TypeFor[encoding.BinaryUnmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}
)

// implements reports whether a type implements any of the interfaces.
func implements(t reflect.Type, interfaces []reflect.Type) bool {
	return slices.ContainsFunc(interfaces, t.Implements)
}

// A shaper makes shapes, and knows those that it has made or is about to make.
type shaper map[shapeID]*shape

type shapeID struct {
	t     reflect.Type
	isKey bool
}

// shape returns the shape of a type.
func (m shaper) shape(t reflect.Type, isKey bool) *shape {
	id := shapeID{t, isKey}
	if s := m[id]; s != nil {
		return s
	}
	s := &shape{size: uint64(t.Size()), isKey: isKey, making: true}
	m[id] = s
	m.fill(s, t)
	s.making = false
	return s
}

func (m shaper) fill(s *shape, t reflect.Type) {
	s.encodesItself = t == timeType || t == errorType || implements(t, encoders) ||
		t.Kind() != reflect.Pointer && implements(reflect.PointerTo(t), encoders)
	if t == timeType {
		s.kind = timeShape
		return
	}
	m.fillKind(s, t)
	switch k := t.Kind(); {
	case s.kind == unfitShape:
	case k == reflect.Pointer: // as what it points to
	case k == reflect.Interface: // by what it may hold
	case implements(t, decoders):
		// Its methods get a copy, or a nil pointer that it embeds.
		s.kind, s.reason = refusedShape, "decodes itself by value"
	case implements(reflect.PointerTo(t), decoders):
		s.kind = selfShape
	}
}

// fillKind tells how a value is encoded and decoded that does neither itself.
func (m shaper) fillKind(s *shape, t reflect.Type) {
	switch t.Kind() {
	case reflect.Bool:
		s.kind = boolShape
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.kind, s.bits = intShape, t.Bits()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.kind, s.bits = uintShape, t.Bits()
	case reflect.Float32, reflect.Float64:
		s.kind, s.bits = floatShape, t.Bits()
	case reflect.String:
		s.kind = stringShape
	case reflect.Interface:
		switch {
		case t == errorType:
			s.kind = errorShape
		case t.NumMethod() == 0:
			s.kind = anyShape
		default:
			s.kind = interfaceShape
		}
	case reflect.Pointer:
		if endless(t) {
			s.kind, s.reason = unfitShape, "is a pointer to itself"
			return
		}
		s.kind, s.elem = pointerShape, m.shape(t.Elem(), false) // its hash is that of the pointer
	case reflect.Slice:
		s.kind, s.elem = sliceShape, m.shape(t.Elem(), s.isKey)
		if t.Elem().Kind() == reflect.Uint8 {
			s.kind = bytesShape
		}
	case reflect.Array:
		s.kind, s.elem, s.length = arrayShape, m.shape(t.Elem(), s.isKey), uint64(t.Len())
		if t.Elem().Kind() == reflect.Uint8 {
			s.kind = byteArrayShape
		}
	case reflect.Map:
		s.kind, s.key, s.elem = mapShape, m.shape(t.Key(), true), m.shape(t.Elem(), false)
	case reflect.Struct:
		s.kind = structShape
		m.fillFields(s, t)
	case reflect.Uintptr:
		s.kind, s.reason = unfitShape, "is a uintptr"
	default: // functions, channels, complex numbers: the msgpack package refuses them
		s.kind, s.reason = refusedShape, "has no encoding"
	}
}

// endless reports whether a pointer leads to nothing but pointers.
func endless(t reflect.Type) bool {
	seen := make(map[reflect.Type]bool)
	for ; t.Kind() == reflect.Pointer; t = t.Elem() {
		if seen[t] {
			return true
		}
		seen[t] = true
	}
	return false
}

// needsWalk reports whether values are to be looked at before they are encoded:
// they may be of any depth, because they hold interfaces or their type comes
// back within itself.
func (s *shape) needsWalk(above map[*shape]bool) bool {
	switch {
	case s.kind == anyShape || s.kind == interfaceShape:
		return true
	case s.encodesItself || s.kind == errorShape:
		return false
	case above[s]:
		return true
	}
	above[s] = true
	defer delete(above, s)
	for i := range s.fields {
		if s.fields[i].shape.needsWalk(above) {
			return true
		}
	}
	return s.key != nil && s.key.needsWalk(above) || s.elem != nil && s.elem.needsWalk(above)
}

// unfit returns where in a type there is what the msgpack package can neither
// encode nor decode, and not even refuse.
func (s *shape) unfit(seen map[*shape]bool) error {
	if s.kind == unfitShape {
		return fmt.Errorf("%w: it %s", ErrValue, s.reason)
	}
	if seen[s] {
		return nil
	}
	seen[s] = true
	for i := range s.fields {
		if err := s.fields[i].shape.unfit(seen); err != nil {
			return within("."+s.fields[i].name, err)
		}
	}
	for _, part := range []*shape{s.key, s.elem} {
		if part != nil {
			if err := part.unfit(seen); err != nil {
				return err
			}
		}
	}
	return nil
}
