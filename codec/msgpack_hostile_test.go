package codec_test

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/codec"
)

// A refusal is octets that are no T.
type refusal struct {
	name   string
	decode func([]byte, ...codec.Option) error
	octets string
	opts   []codec.Option
	err    error
	field  string // that the error names
	says   string
}

// into decodes octets as a T. The value has to be zero if that fails.
func into[T any](octets []byte, opts ...codec.Option) error {
	var v T
	err := codec.MsgPack[T](opts...).Decode(octets, &v)
	if err != nil && !reflect.ValueOf(&v).Elem().IsZero() {
		return fmt.Errorf("not zero after an error: %+v", v)
	}
	return err
}

type (
	withInt   struct{ A int8 }
	withUint  struct{ A uint16 }
	withAny   struct{ A any }
	withList  struct{ L []any }
	withMap   struct{ M map[string]int }
	withTime  struct{ A time.Time }
	withTimes struct{ A map[string]time.Time }
	pair      struct{ A, B int }
	wide      [1024]int64
	inner     struct{ Deep int }
	embedder  struct {
		inner
		X int
	}
	hiddenBase   struct{ *inner }
	promoted     struct{ *url.URL }
	cyclic       struct{ Next []cyclic }
	loop         *loop
	selfEmbedded struct{ *selfEmbedded }
	embedsB      struct{ *embedsA } //nolint:unused // for its type
	embedsA      struct{ *embedsB } //nolint:unused // for its type
	number       int                //nolint:unused // for its type
	hiddenInt    struct{ number }   //nolint:unused // for its type
)

func TestMsgPackRefuses(t *testing.T) {
	length := []codec.Option{codec.WithMaxLength(3)}
	depth := []codec.Option{codec.WithMaxDepth(3)}
	for _, r := range []refusal{
		// Not MessagePack.
		{name: "empty", decode: into[int], octets: "", err: codec.ErrMalformed},
		{name: "nothing", decode: into[any], octets: "\xc1", err: codec.ErrMalformed, says: "0xc1"},
		{name: "nothing, skipped", decode: into[pair], octets: "\x81\xa1X\xc1", err: codec.ErrMalformed},
		{name: "string beyond the end", decode: into[string], octets: "\xdb\xff\xff\xff\xffx", err: codec.ErrMalformed},
		{name: "octets beyond the end", decode: into[[]byte], octets: "\xc6\xff\xff\xff\xffx", err: codec.ErrMalformed},
		{name: "array beyond the end", decode: into[[]int], octets: "\xdd\xff\xff\xff\xff\x01", err: codec.ErrMalformed},
		{name: "map beyond the end", decode: into[map[string]any], octets: "\xdf\xff\xff\xff\xff\xa0\xc0", err: codec.ErrMalformed},
		{name: "map of half", decode: into[map[string]any], octets: "\x82\xa0\xc0\xc0", err: codec.ErrMalformed},
		{name: "extension beyond the end", decode: into[any], octets: "\xc9\xff\xff\xff\xff\x01", err: codec.ErrMalformed},
		{name: "trailing", decode: into[int], octets: "\x01\x01", err: codec.ErrMalformed, says: "octet 1"},

		// Of the wrong type, with the field.
		{name: "string for int", decode: into[line], octets: "\x82\xa4Item\xa1x\xa5Count\xa1y", err: codec.ErrMismatch, field: "Count", says: "want an integer, have a string"},
		{name: "int for string", decode: into[line], octets: "\x81\xa4Item\x07", err: codec.ErrMismatch, field: "Item"},
		{name: "string for float", decode: into[line], octets: "\x81\xa5Price\xa0", err: codec.ErrMismatch, field: "Price"},
		{name: "double for float32", decode: into[struct{ F float32 }], octets: "\x81\xa1F\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", err: codec.ErrMismatch, field: "F", says: "32 bits"},
		{name: "int for bool", decode: into[struct{ F bool }], octets: "\x81\xa1F\x01", err: codec.ErrMismatch, field: "F"},
		{name: "array for map", decode: into[withMap], octets: "\x81\xa1M\x90", err: codec.ErrMismatch, field: "M"},
		{name: "map for array", decode: into[withList], octets: "\x81\xa1L\x80", err: codec.ErrMismatch, field: "L"},
		{name: "int for struct", decode: into[line], octets: "\x01", err: codec.ErrMismatch},
		{name: "deep", decode: into[map[string][]line], octets: "\x81\xa1k\x92\x80\x81\xa4Item\xc3", err: codec.ErrMismatch, field: `["k"][1].Item`},
		{name: "array form", decode: into[pair], octets: "\x92\x01\xa1x", err: codec.ErrMismatch, field: "B"},
		{name: "array form, short", decode: into[pair], octets: "\x91\x01", err: codec.ErrMismatch, says: "want the 2 fields, have 1"},
		{name: "array too long", decode: into[[2]int], octets: "\x93\x01\x01\x01", err: codec.ErrMismatch},
		{name: "octets too long", decode: into[[2]byte], octets: "\xc4\x03abc", err: codec.ErrMismatch},
		{name: "number for a key", decode: into[map[string]any], octets: "\x81\x01\x01", err: codec.ErrMismatch},
		{name: "number for a key, deep", decode: into[withAny], octets: "\x81\xa1A\x81\x01\x01", err: codec.ErrMismatch, field: "A", says: "key of a map"},
		{name: "number for a field", decode: into[pair], octets: "\x81\x01\x01", err: codec.ErrMismatch, says: "name of a field"},
		{name: "unknown extension", decode: into[withAny], octets: "\x81\xa1A\xd4\x05\x00", err: codec.ErrMismatch, field: "A", says: "extension 5"},
		{name: "extension for time", decode: into[withTime], octets: "\x81\xa1A\xd4\x05\x00", err: codec.ErrMismatch, field: "A"},
		{name: "own decoder", decode: into[struct{ T celsius }], octets: "\x81\xa1T\xa1-", err: codec.ErrMismatch, says: "no celsius"},
		{name: "function", decode: into[struct{ F func() }], octets: "\x81\xa1F\x01", err: codec.ErrMismatch, field: "F"},

		// Numbers that do not fit, which would be cut off.
		{name: "128 for int8", decode: into[withInt], octets: "\x81\xa1A\xcc\x80", err: codec.ErrMismatch, field: "A", says: "128 does not fit in int8"},
		{name: "-129 for int8", decode: into[withInt], octets: "\x81\xa1A\xd1\xff\x7f", err: codec.ErrMismatch, field: "A"},
		{name: "-1 for uint16", decode: into[withUint], octets: "\x81\xa1A\xff", err: codec.ErrMismatch, field: "A", says: "-1 does not fit"},
		{name: "65536 for uint16", decode: into[withUint], octets: "\x81\xa1A\xce\x00\x01\x00\x00", err: codec.ErrMismatch, field: "A"},
		{name: "2^63 for int64", decode: into[int64], octets: "\xcf\x80\x00\x00\x00\x00\x00\x00\x00", err: codec.ErrMismatch},

		// What the msgpack package panics on, or takes unbounded memory for.
		{name: "nil for time", decode: into[withTime], octets: "\x81\xa1A\xc0", err: codec.ErrMismatch, field: "A", says: "nil"},
		{name: "nil for time in a map", decode: into[withTimes], octets: "\x81\xa1A\x81\xa1k\xc0", err: codec.ErrMismatch, field: `A["k"]`},
		{name: "nil for a time alone", decode: into[time.Time], octets: "\xc0", err: codec.ErrMismatch},
		{name: "field twice", decode: into[withAny], octets: "\x82\xa1A\x01\xa1A\x01", err: codec.ErrMalformed, field: "A", says: "twice"},
		{name: "list twice", decode: into[withList], octets: "\x82\xa1L\x91\x01\xa1L\x91\x01", err: codec.ErrMalformed, field: "L"},
		{name: "embedded and promoted", decode: into[embedder], octets: "\x82\xa4Deep\x01\xa5inner\x80", err: codec.ErrMismatch, field: "inner"},
		{name: "array for a key", decode: into[map[any]int], octets: "\x81\x90\x01", err: codec.ErrMismatch},
		{name: "octets for a key", decode: into[map[any]int], octets: "\x81\xc4\x01x\x01", err: codec.ErrMismatch},
		{name: "map in a key", decode: into[map[[1]any]int], octets: "\x81\x91\x80\x01", err: codec.ErrMismatch},
		{name: "map in the field of a key", decode: into[map[withAny]int], octets: "\x81\x81\xa1A\x80\x01", err: codec.ErrMismatch},
		{name: "map in an extension", decode: into[map[string]any], octets: "\xc7\x05\x00\xdf\x7f\xff\xff\xff", err: codec.ErrMismatch, says: "extension"},
		{name: "map in a fixed extension", decode: into[withMap], octets: "\x81\xa1M\xd4\xde\xff", err: codec.ErrMismatch, field: "M"},
		{name: "number for an error", decode: into[struct{ E error }], octets: "\x81\xa1E\x01", err: codec.ErrMismatch, field: "E"},
		{name: "string for an interface", decode: into[struct{ E fmt.Stringer }], octets: "\x81\xa1E\xa1x", err: codec.ErrMismatch, field: "E"},
		{name: "behind an unexported pointer", decode: into[hiddenBase], octets: "\x81\xa4Deep\x01", err: codec.ErrMismatch, field: "Deep"},
		{name: "method of a nil pointer", decode: into[promoted], octets: "\xc4\x01x", err: codec.ErrMismatch, says: "by value"},

		// Types that have no encoding.
		{name: "uintptr", decode: into[struct{ P []uintptr }], octets: "\x80", err: codec.ErrValue, field: "P", says: "uintptr"},
		{name: "pointer to itself", decode: into[loop], octets: "\xc0", err: codec.ErrValue},
		{name: "embeds itself", decode: into[selfEmbedded], octets: "\x80", err: codec.ErrValue},
		{name: "embed each other", decode: into[embedsA], octets: "\x80", err: codec.ErrValue},
		{name: "embed each other, by pointer", decode: into[*embedsB], octets: "\x80", err: codec.ErrValue},
		{name: "embedded number", decode: into[hiddenInt], octets: "\x80", err: codec.ErrValue, field: "number"},
		{name: "interned number", decode: into[struct {
			N int `msgpack:",intern"`
		}], octets: "\x80", err: codec.ErrValue, field: "N"},

		// Limits.
		{name: "size", decode: into[string], octets: "\xa4four", opts: []codec.Option{codec.WithMaxSize(4)}, err: codec.ErrLimit, says: "want at most 4"},
		{name: "elements", decode: into[[]int], octets: "\x94\x01\x01\x01\x01", opts: length, err: codec.ErrLimit, says: "want at most 3"},
		{name: "entries", decode: into[map[int]int], octets: "\x84\x01\x01\x02\x01\x03\x01\x04\x01", opts: length, err: codec.ErrLimit},
		{name: "elements, passed over", decode: into[pair], octets: "\x81\xa1X\x94\x01\x01\x01\x01", opts: length, err: codec.ErrLimit},
		{name: "depth", decode: into[any], octets: "\x91\x91\x91\x90", opts: depth, err: codec.ErrLimit, says: "deeper than 3"},
		{name: "depth of maps", decode: into[any], octets: "\x81\xa0\x81\xa0\x81\xa0\x80", opts: depth, err: codec.ErrLimit},
		{name: "depth of a type", decode: into[cyclic], octets: "\x91\x91\x91\x90", opts: depth, err: codec.ErrLimit, field: "Next[0].Next"},
		{name: "depth, passed over", decode: into[pair], octets: "\x81\xa1X\x91\x91\x90", opts: depth, err: codec.ErrLimit},
		{name: "depth of a custom type", decode: into[url.URL], octets: "\x91\x91\x91\x90", opts: depth, err: codec.ErrLimit},
		{name: "memory", decode: into[[]wide], octets: "\x93\xc0\xc0\xc0", opts: []codec.Option{codec.WithMaxMemory(3*8192 - 1)}, err: codec.ErrLimit, says: "memory"},
		{name: "memory of nothing", decode: into[any], octets: "\xdc\x03\xe8" + strings.Repeat("\x80", 1000), opts: []codec.Option{codec.WithMaxMemory(20000)}, err: codec.ErrLimit},
	} {
		t.Run(r.name, func(t *testing.T) {
			err := r.decode([]byte(r.octets), r.opts...)
			if !errors.Is(err, r.err) {
				t.Fatalf("got %v, want %v", err, r.err)
			}
			var failed *codec.Error
			if !errors.As(err, &failed) || failed.Codec != "msgpack" || failed.Op != "decode" || failed.Type == "" {
				t.Errorf("got %#v, want an *Error of msgpack", err)
			} else if r.field != "" && failed.Field != r.field {
				t.Errorf("%v names field %q, want %q", err, failed.Field, r.field)
			}
			if !strings.Contains(err.Error(), r.says) {
				t.Errorf("%q does not say %q", err, r.says)
			}
		})
	}
}

// At its limit each of these is taken.
func TestMsgPackAtLimits(t *testing.T) {
	for _, r := range []refusal{
		{name: "size", decode: into[string], octets: "\xa4four", opts: []codec.Option{codec.WithMaxSize(5)}},
		{name: "elements", decode: into[[]int], octets: "\x93\x01\x01\x01", opts: []codec.Option{codec.WithMaxLength(3)}},
		{name: "entries", decode: into[map[int]int], octets: "\x83\x01\x01\x02\x01\x03\x01", opts: []codec.Option{codec.WithMaxLength(3)}},
		{name: "depth", decode: into[any], octets: "\x91\x91\x90", opts: []codec.Option{codec.WithMaxDepth(3)}},
		{name: "depth of a type", decode: into[cyclic], octets: "\x91\x91\x90", opts: []codec.Option{codec.WithMaxDepth(3)}},
		{name: "deeper than usual", decode: into[any], octets: strings.Repeat("\x91", 5000) + "\xc0", opts: []codec.Option{codec.WithMaxDepth(5000)}},
		{name: "as deep as usual", decode: into[any], octets: strings.Repeat("\x91", 63) + "\x90"},
		{name: "memory", decode: into[[]wide], octets: "\x93\xc0\xc0\xc0", opts: []codec.Option{codec.WithMaxMemory(3 * 8192)}},
		{name: "int8", decode: into[withInt], octets: "\x81\xa1A\xcc\x7f"},
		{name: "int8, low", decode: into[withInt], octets: "\x81\xa1A\xd3\xff\xff\xff\xff\xff\xff\xff\x80"},
		{name: "uint16", decode: into[withUint], octets: "\x81\xa1A\xd2\x00\x00\xff\xff"},
		{name: "uint64", decode: into[uint64], octets: "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"},
		{name: "int64", decode: into[int64], octets: "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"},
		{name: "array", decode: into[[2]int], octets: "\x92\x01\x01"},
		{name: "octets", decode: into[[2]byte], octets: "\xc4\x02ab"},
		{name: "empty array for a struct", decode: into[pair], octets: "\x90"},
		{name: "nil for everything but a time", decode: into[cargo], octets: "\x83\xa3Raw\xc0\xa5Lines\xc0\xa4Grid\xc0"},
		{name: "nil for an error", decode: into[struct{ E error }], octets: "\x81\xa1E\xc0"},
		{name: "nil for a type that decodes itself", decode: into[struct{ U url.URL }], octets: "\x81\xa1U\xc0"},
		{name: "nil for a pointer to a time", decode: into[struct{ T *time.Time }], octets: "\x81\xa1T\xc0"},
	} {
		t.Run(r.name, func(t *testing.T) {
			if err := r.decode([]byte(r.octets), r.opts...); err != nil {
				t.Error(err)
			}
		})
	}
}

type tree struct {
	Up    *tree `msgpack:"-"`
	Left  *tree
	Right *tree
	Any   any
}

func TestMsgPackRefusesValues(t *testing.T) {
	ring := &tree{}
	ring.Left = &tree{Right: ring}
	aMap := map[string]any{}
	aMap["again"] = aMap
	aSlice := make([]any, 1)
	aSlice[0] = aSlice
	var anInterface any
	anInterface = &anInterface
	throughField := &tree{}
	throughField.Any = throughField
	diamond := &tree{}
	for range 40 { // a trillion leaves
		diamond = &tree{Left: diamond, Right: diamond}
	}
	for _, r := range []struct {
		name  string
		v     any
		err   error
		field string
		says  string
	}{
		{"ring", ring, codec.ErrLimit, "", "within itself"},
		{"map in itself", aMap, codec.ErrLimit, `["again"]["again"]`, "within itself"},
		{"slice in itself", aSlice, codec.ErrLimit, "[0][0]", "within itself"},
		{"pointer to itself", anInterface, codec.ErrLimit, "", "itself"},
		{"through an interface", throughField, codec.ErrLimit, "Any.Any", "within itself"},
		{"diamonds", diamond, codec.ErrLimit, "", "more than 65536 octets"},
		{"channel", map[string]any{"c": make(chan int)}, codec.ErrValue, "", "chan int"},
		{"function", tree{Any: func() {}}, codec.ErrValue, "", "func()"},
		{"complex number", complex(1, 1), codec.ErrValue, "", ""},
		{"uintptr", []any{struct{ P uintptr }{1}}, codec.ErrValue, "[0].P", "uintptr"},
		{"uintptr alone", []any{uintptr(1)}, codec.ErrValue, "[0]", "uintptr"},
		{"type that is a pointer to itself", []any{loop(nil)}, codec.ErrValue, "[0]", "itself"},
		{"type that embeds itself", []any{selfEmbedded{}}, codec.ErrValue, "[0]", "itself"},
		{"too large", strings.Repeat("x", 65536), codec.ErrLimit, "", "65536"},
	} {
		t.Run(r.name, func(t *testing.T) {
			c := codec.MsgPack[any](codec.WithMaxSize(65536))
			for range 2 { // a type found in an interface is known the second time
				dst := []byte("dst")
				got, err := c.Append(dst, r.v)
				if !errors.Is(err, r.err) || !strings.Contains(err.Error(), r.says) {
					t.Fatalf("got %v, want %v that says %q", err, r.err, r.says)
				}
				var failed *codec.Error
				if !errors.As(err, &failed) || failed.Op != "encode" || !strings.HasPrefix(failed.Field, r.field) {
					t.Errorf("got %v, want it to name %q", err, r.field)
				}
				if string(got) != "dst" {
					t.Errorf("an error changed what it appends to: %q", got)
				}
			}
		})
	}
}

func TestMsgPackTakesValues(t *testing.T) {
	up := &tree{}
	up.Left = &tree{Up: up} // a ring, but for the tag
	shared := &tree{Left: &tree{}}
	for name, v := range map[string]any{
		"ring that is left out": up,
		"shared part":           &tree{Left: shared, Right: shared, Any: []any{shared, shared}},
		"nil in an interface":   []any{(*tree)(nil), map[string]int(nil), []int(nil), nil},
		"deep":                  nested(64),
	} {
		t.Run(name, func(t *testing.T) {
			octets, err := codec.MsgPack[any]().Append(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			if err := into[any](octets); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := codec.MsgPack[any]().Append(nil, nested(65)); !errors.Is(err, codec.ErrLimit) {
		t.Errorf("got %v, want ErrLimit", err)
	}
	one := codec.MsgPack[tree](codec.WithMaxDepth(1))
	if _, err := one.Append(nil, tree{}); err != nil {
		t.Error(err)
	}
	if _, err := one.Append(nil, tree{Any: []any{}}); !errors.Is(err, codec.ErrLimit) {
		t.Errorf("got %v, want ErrLimit", err)
	}
}

// nested returns n arrays, each within the other.
func nested(n int) any {
	v := []any{}
	for range n - 1 {
		v = []any{v}
	}
	return v
}
