package protobuf

import (
	"fmt"

	"github.com/brokerless/brokerless/codec"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// recursive reports whether messages of a type may be of any depth: the type
// comes back within itself, or may be extended by what does.
func recursive(d protoreflect.MessageDescriptor, above map[protoreflect.FullName]bool) bool {
	if above[d.FullName()] || d.ExtensionRanges().Len() > 0 {
		return true
	}
	above[d.FullName()] = true
	defer delete(above, d.FullName())
	fields := d.Fields()
	for i := range fields.Len() {
		if m := fields.Get(i).Message(); m != nil && recursive(m, above) {
			return true
		}
	}
	return false
}

// A walker looks at a message and those in it, before it is encoded or after it
// was decoded.
type walker struct {
	depth int
	left  int  // messages it may still meet: each takes an octet at least
	known bool // unknown fields are refused
}

// walk returns an error if a message, which stands at that depth, is deeper than
// allowed, as one that contains itself is.
func (w *walker) walk(m protoreflect.Message, depth int) (err error) {
	switch w.left--; {
	case depth > w.depth:
		return fmt.Errorf("%w: deeper than %d, or a message within itself", codec.ErrLimit, w.depth)
	case w.left < 0:
		return fmt.Errorf("%w: more messages than octets allowed", codec.ErrLimit)
	case w.known && len(m.GetUnknown()) > 0:
		return fmt.Errorf("%w: unknown field in %s", codec.ErrMismatch, m.Descriptor().FullName())
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			if f.MapValue().Message() == nil {
				return true
			}
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				err = w.walk(v.Message(), depth+2) // an entry is a message too
				return err == nil
			})
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				if err = w.walk(v.List().Get(i).Message(), depth+1); err != nil {
					break
				}
			}
		default:
			err = w.walk(v.Message(), depth+1)
		}
		return err == nil
	})
	return err
}
