package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Schema names what a message means, beyond the shape of its octets: the name
// of the type as both ends know it, and its version.
type Schema struct {
	Name    string // without "@"; not empty
	Version int    // from 1
}

// schemaPrefix begins the frame that carries a schema: schema:orders.Order@3
const schemaPrefix = "schema:"

// String returns the schema as "name@version".
func (s Schema) String() string {
	if s == (Schema{}) {
		return "none"
	}
	return s.Name + "@" + strconv.Itoa(s.Version)
}

func (s Schema) valid() bool { return s.Name != "" && !strings.Contains(s.Name, "@") && s.Version > 0 }

// parseSchema reads a frame that may carry a schema.
func parseSchema(frame []byte) (Schema, bool) {
	text, ok := strings.CutPrefix(string(frame), schemaPrefix)
	if !ok || len(text) > 1024 {
		return Schema{}, false
	}
	name, version, ok := strings.Cut(text, "@")
	n, err := strconv.Atoi(version)
	s := Schema{Name: name, Version: n}
	return s, ok && err == nil && s.valid()
}

// A SchemaError is a message of another schema than the receiver wants.
type SchemaError struct {
	Want Schema
	Also []int  // other versions it would take
	Got  Schema // the zero Schema if the message carries none
}

// Error implements error.
func (e *SchemaError) Error() string {
	want := e.Want.String()
	if len(e.Also) > 0 {
		want += fmt.Sprintf(" (or versions %v)", e.Also)
	}
	return fmt.Sprintf("brokerless: schema %s, want %s", e.Got, want)
}

// A TypedOption changes how the typed ends of a socket work.
type TypedOption func(*typed)

type typed struct {
	schema Schema
	tag    []byte // the frame that carries it; nil if there is none
	also   []int
	dead   func(DeadLetter) error
}

// WithSchema puts a frame before each value that names its schema, and takes
// only messages of that schema, of its version or of one of the others given.
// Both ends have to agree on having it. The default is none: the message is the
// value alone, as a peer that knows nothing of this library has it. A schema
// without a name or version is a mistake of the program, and panics.
func WithSchema(s Schema, also ...int) TypedOption {
	if !s.valid() {
		panic(fmt.Sprintf("codec: schema %q version %d: want a name without \"@\" and a version from 1", s.Name, s.Version))
	}
	return func(t *typed) { t.schema, t.tag, t.also = s, []byte(schemaPrefix+s.String()), slices.Clone(also) }
}

func newTyped(opts []TypedOption) typed {
	var t typed
	for _, o := range opts {
		o(&t)
	}
	return t
}

// accepts returns an error unless the frame carries a schema that is wanted.
func (t *typed) accepts(frame []byte) error {
	if bytes.Equal(frame, t.tag) {
		return nil
	}
	got, _ := parseSchema(frame)
	if got.Name == t.schema.Name && (got.Version == t.schema.Version || slices.Contains(t.also, got.Version)) {
		return nil
	}
	return &SchemaError{Want: t.schema, Also: t.also, Got: got}
}
