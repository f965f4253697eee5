package codec

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

type (
	inside  struct{ A, B int }
	Outside struct {
		C int
		D string `msgpack:"dee"`
	}
	beside struct{ A string }
)

// The shape of a struct has the fields that the msgpack package encodes, in its
// order.
func TestShapeFields(t *testing.T) {
	for _, v := range []any{
		struct {
			X, y int
			Z    string `msgpack:"zed,omitempty"`
			W    int    `msgpack:"-"`
			V    int    `msgpack:",alias:vee"`
			U    int    `msgpack:"alias:you"`
		}{Z: "z"},
		struct {
			inside
			*Outside
			X int
		}{Outside: &Outside{}},
		struct {
			A int
			inside
		}{},
		struct {
			A        int
			*Outside `msgpack:",noinline"`
		}{},
		struct {
			A       string
			Outside `msgpack:"out"`
			T       time.Time
		}{},
		struct {
			A      int
			inside `msgpack:",inline"`
			beside `msgpack:",inline"`
		}{},
		struct {
			_msgpack struct{} `msgpack:",omitempty"`
			A        int
		}{A: 1},
	} {
		rt := reflect.TypeOf(v)
		s := make(shaper).shape(rt, false)
		if err := s.unfit(make(map[*shape]bool)); err != nil {
			// An embedded struct that is not exported, and keeps its name.
			if !strings.Contains(err.Error(), "inside") {
				t.Errorf("%v: %v", rt, err)
			}
			continue
		}
		var want []string
		dec := msgpack.NewDecoder(bytes.NewReader(marshal(t, v)))
		n, err := dec.DecodeMapLen()
		for range n {
			var name string
			name, err = dec.DecodeString()
			want = append(want, name)
			if err == nil {
				err = dec.Skip()
			}
			if err != nil {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range s.fields {
			got = append(got, f.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v has %q, want %q", rt, got, want)
		}
		for _, name := range want {
			if i, ok := s.byName[name]; !ok || i == embedded || s.fields[i].name != name {
				t.Errorf("%v: %q is not found among %v", rt, name, slices.Sorted(maps.Keys(s.byName)))
			}
		}
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	p := reflect.New(reflect.TypeOf(v)) // as Append does, so that it has an address
	p.Elem().Set(reflect.ValueOf(v))
	octets, err := msgpack.Marshal(p.Interface())
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// What is kept for the next message holds nothing of the last, and what a large
// one or a bad one has used is not kept.
func TestPoolsKeepNothing(t *testing.T) {
	c := MsgPack[[]string]().(*msgPack[[]string])
	made := 0
	newPacker, newUnpacker := c.packers.New, c.unpackers.New
	c.packers.New = func() any { made++; return newPacker() }
	c.unpackers.New = func() any { made++; return newUnpacker() }
	for name, size := range map[string]int{"small": 10, "large": keptBuffer + 1} {
		octets, err := c.Append(nil, []string{strings.Repeat("x", size)})
		if err != nil {
			t.Fatal(err)
		}
		p := c.packers.Get().(*packer[[]string])
		if p.value != nil || p.out.octets != nil {
			t.Errorf("%s: an encoder that is kept holds %v", name, p.value)
		}
		var v []string
		if err := c.Decode(octets, &v); err != nil {
			t.Fatal(err)
		}
		u := c.unpackers.Get().(*unpacker)
		if u.in.Size() != 0 {
			t.Errorf("%s: a decoder that is kept holds %d octets", name, u.in.Size())
		}
		if name == "large" && made < 4 {
			t.Errorf("what a large message has used is kept")
		}
		made = 0
	}
}
