package codec

import (
	"reflect"
	"strings"
)

// A field is one of those that the msgpack package sees in a struct.
type field struct {
	name    string
	index   []int // as of reflect.Type.FieldByIndex
	shape   *shape
	refused string // why it cannot be decoded
	hidden  bool   // another one of that name is decoded; this one only in the array form
}

// fillFields finds the fields of a struct, those that it embeds among them, as
// the msgpack package does.
func (m shaper) fillFields(s *shape, t reflect.Type) {
	s.byName = make(map[string]int)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := parseTag(f.Tag.Get("msgpack"))
		if tag.name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		own := field{name: tag.name, index: f.Index, shape: m.shape(f.Type, s.isKey)}
		if own.name == "" {
			own.name = f.Name
		}
		switch kind := f.Type.Kind(); {
		case tag.has("intern") && kind != reflect.Interface && kind != reflect.String:
			own.shape = &shape{kind: unfitShape, reason: "is interned, and no string"}
		case tag.has("intern") && kind == reflect.String:
			own.shape = &shape{kind: selfShape, size: own.shape.size, encodesItself: true}
		case tag.has("intern") && own.shape.kind == errorShape:
			own.shape = &shape{kind: unfitShape, reason: "is interned, and no string"}
		case f.Anonymous && !tag.has("noinline"):
			if m.embed(s, f, own, tag.has("inline")) {
				continue
			}
		}
		if !f.IsExported() {
			own.shape = &shape{kind: unfitShape, reason: "is embedded, and not exported"}
		}
		s.add(own)
		if alias, ok := tag.alias(); ok {
			s.byName[alias] = len(s.fields) - 1
		}
	}
}

// embed adds the fields of an embedded struct to those of the one around it,
// unless it keeps its name: when it is no plain struct, or has a field of the
// same name.
func (m shaper) embed(s *shape, f reflect.StructField, own field, always bool) bool {
	t := f.Type
	for t.Kind() == reflect.Pointer && !endless(t) {
		t = t.Elem()
	}
	inner := m.shape(t, s.isKey)
	if inner.making { // it embeds itself
		s.kind, s.reason = unfitShape, "embeds itself"
		return true
	}
	if inner.kind != structShape || inner.encodesItself {
		return false
	}
	promoted := inner.fields
	if !always {
		for _, p := range promoted {
			if _, ok := s.byName[p.name]; ok {
				return false
			}
		}
	}
	for _, p := range promoted {
		if _, ok := s.byName[p.name]; ok {
			continue
		}
		p.index = append(append([]int(nil), own.index...), p.index...)
		if f.Type.Kind() == reflect.Pointer && !f.IsExported() {
			p.refused = "is behind an embedded pointer that is not exported"
		}
		s.add(p)
	}
	// The msgpack package also takes it by its name. Its fields would come twice.
	s.hide(own.name)
	s.byName[own.name] = embedded
	return true
}

// embedded stands in byName for the name of a struct whose fields stand in the
// one around it.
const embedded = -1

func (s *shape) add(f field) {
	s.hide(f.name)
	s.byName[f.name] = len(s.fields)
	s.fields = append(s.fields, f)
}

// hide notes that the field that had the name so far is not found by it.
func (s *shape) hide(name string) {
	if i, ok := s.byName[name]; ok && i != embedded {
		s.fields[i].hidden = true
	}
}

// A tag is what is written behind a field: a name, and options.
type tag struct {
	name    string
	options []string
}

func parseTag(text string) tag {
	parts := strings.Split(text, ",")
	if strings.Contains(parts[0], ":") { // an option already
		return tag{options: parts}
	}
	return tag{name: parts[0], options: parts[1:]}
}

func (t tag) has(option string) bool {
	for _, o := range t.options {
		if name, _, _ := strings.Cut(o, ":"); strings.TrimSpace(name) == option {
			return true
		}
	}
	return false
}

func (t tag) alias() (string, bool) {
	for _, o := range t.options {
		if name, value, _ := strings.Cut(o, ":"); strings.TrimSpace(name) == "alias" {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}
