package codec_test

import (
	"bytes"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/codec"
	"github.com/vmihailenco/msgpack/v5"
)

type base struct {
	Created time.Time
	Origin  string `msgpack:"origin"`
}

type line struct {
	Item  string
	Count int16
	Price float64
}

// A cargo has a field of most kinds.
type cargo struct {
	base
	ID      uint64 `msgpack:"id"`
	Small   int8
	Ratio   float32
	Done    bool
	Raw     []byte
	Sum     [4]byte
	Lines   []line
	Next    *cargo `msgpack:",omitempty"`
	Names   []string
	Counts  map[string]int
	ByID    map[uint32]line
	Labels  map[string]string
	Free    any
	Frees   []any
	Open    map[string]any
	Keyed   map[any]int
	When    time.Time
	Maybe   *time.Time
	Wait    time.Duration
	From    netip.Addr
	Wrong   error
	Own     celsius
	Grid    [2][2]int32
	Private *cargo `msgpack:"-"`
}

// A celsius encodes itself as a string.
type celsius float64 //nolint:recvcheck // as encoders and decoders are

func (c celsius) EncodeMsgpack(e *msgpack.Encoder) error {
	return e.EncodeString(strings.Repeat("+", int(c)))
}

func (c *celsius) DecodeMsgpack(d *msgpack.Decoder) error {
	s, err := d.DecodeString()
	if err == nil && strings.Trim(s, "+") != "" {
		err = errors.New("no celsius")
	}
	*c = celsius(len(s))
	return err
}

func fullCargo() cargo {
	at := time.Unix(1795392000, 123456789)
	c := cargo{
		base: base{Created: at, Origin: "north"},
		ID:   math.MaxUint64, Small: -128, Ratio: 0.5, Done: true,
		Raw: []byte{0, 1, 0xff}, Sum: [4]byte{1, 2, 3, 4},
		Lines:  []line{{"tea", 3, 2.5}, {"", -1, math.Inf(1)}},
		Next:   &cargo{Names: []string{}, Keyed: map[any]int{}},
		Names:  []string{"a", "", "ü"},
		Counts: map[string]int{"a": 1, "b": math.MinInt32},
		ByID:   map[uint32]line{7: {Item: "x"}},
		Labels: map[string]string{"k": "v"},
		Free:   "text", Frees: []any{int8(1), "two", nil, true, 2.5, []any{uint16(999)}},
		Open:  map[string]any{"a": map[string]any{"b": int8(1)}},
		Keyed: map[any]int{"s": 1, int8(2): 2, true: 3},
		When:  at, Maybe: &at, Wait: time.Minute,
		From: netip.MustParseAddr("fe80::1"),
		Own:  3, Grid: [2][2]int32{{1, 2}, {3, -4}},
	}
	c.Next.When, c.Next.Created = time.Unix(0, 0), time.Unix(0, 0)
	return c
}

func TestMsgPackRoundTrip(t *testing.T) {
	for name, opts := range map[string][]codec.Option{
		"maps":   nil,
		"arrays": {codec.WithArrays()},
		"known":  {codec.WithKnownFields()},
	} {
		t.Run(name, func(t *testing.T) {
			c := codec.MsgPack[cargo](opts...)
			want := fullCargo()
			octets := sure(c.Append(nil, want))
			var got cargo
			if err := c.Decode(octets, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v\nwant\n%+v", got, want)
			}
			for end := range octets {
				if err := c.Decode(octets[:end], &got); !errors.Is(err, codec.ErrMalformed) {
					t.Fatalf("the first %d octets: %v, want ErrMalformed", end, err)
				}
				if !reflect.DeepEqual(got, cargo{}) {
					t.Fatalf("an error left %+v", got)
				}
			}
			if err := c.Decode(append(octets, 0xc0), &got); !errors.Is(err, codec.ErrMalformed) {
				t.Errorf("trailing octet: %v, want ErrMalformed", err)
			}
		})
	}
}

// roundTrip sends a value through a codec of its type.
func roundTrip[T any](t *testing.T, c codec.Codec[T], v T) T {
	t.Helper()
	var got T
	if err := c.Decode(sure(c.Append(nil, v)), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMsgPackSmallTypes(t *testing.T) {
	at := time.Date(1969, 1, 2, 3, 4, 5, 6, time.UTC)
	if got := roundTrip(t, codec.MsgPack[time.Time](), at); !got.Equal(at) {
		t.Errorf("got %v, want %v", got, at)
	}
	if got := roundTrip(t, codec.MsgPack[float64](), math.NaN()); !math.IsNaN(got) {
		t.Errorf("got %v, want NaN", got)
	}
	for _, n := range []int64{0, 1, 127, 128, 255, 256, 65535, 65536, 1 << 32, math.MaxInt64, -1, -32, -33, -128, -129, -32769, math.MinInt64} {
		if got := roundTrip(t, codec.MsgPack[int64](), n); got != n {
			t.Errorf("got %d, want %d", got, n)
		}
	}
	if got := roundTrip(t, codec.MsgPack[*line](), nil); got != nil {
		t.Errorf("nil pointer became %v", got)
	}
	if got := roundTrip(t, codec.MsgPack[*line](), &line{Item: "x"}); got.Item != "x" {
		t.Errorf("pointer became %v", got)
	}
	if got := roundTrip(t, codec.MsgPack[map[string]int](), nil); got != nil {
		t.Errorf("nil map became %v", got)
	}
	if got := roundTrip(t, codec.MsgPack[any](), nil); got != nil {
		t.Errorf("nil became %v", got)
	}
	if got := roundTrip(t, codec.MsgPack[any](), any(line{Item: "x"})); !reflect.DeepEqual(got.(map[string]any)["Item"], "x") {
		t.Errorf("struct in an interface became %v", got)
	}
	if got := roundTrip(t, codec.MsgPack[struct{ E error }](), struct{ E error }{errors.New("bad")}); got.E == nil || got.E.Error() != "bad" {
		t.Errorf("error became %v", got.E)
	}
}

func TestMsgPackTags(t *testing.T) {
	type old struct {
		Same string `msgpack:"same,alias:other"`
		In   string `msgpack:",intern"`
		In2  any    `msgpack:"in2,intern"`
		X    struct{ line }
	}
	v := old{Same: "s", In: "interned", In2: "interned"}
	v.X.Item = "deep"
	if got := roundTrip(t, codec.MsgPack[old](), v); got != v {
		t.Errorf("got %+v, want %+v", got, v)
	}
	var got old
	if err := codec.MsgPack[old]().Decode(sure(msgpack.Marshal(map[string]any{"other": "o"})), &got); err != nil || got.Same != "o" {
		t.Errorf("alias: %+v, %v", got, err)
	}
}

// What was in a value before it is decoded into neither shows, nor is written to.
func TestMsgPackIntoUsedValue(t *testing.T) {
	c := codec.MsgPack[cargo]()
	v := fullCargo()
	raw, names, counts, frees := v.Raw, v.Names, v.Counts, v.Frees
	if err := c.Decode(sure(c.Append(nil, cargo{Raw: []byte{9}, Names: []string{"z"}, Counts: map[string]int{"z": 1}, Free: "x", Frees: []any{1}})), &v); err != nil {
		t.Fatal(err)
	}
	if v.ID != 0 || len(v.Counts) != 1 || v.Next != nil {
		t.Errorf("something is left of before: %+v", v)
	}
	if raw[0] != 0 || names[0] != "a" || len(counts) != 2 || frees[0] != int8(1) {
		t.Error("what was in the value before was written to")
	}
}

// Nothing that was decoded changes with the octets it was made of.
func TestMsgPackKeepsNothingOfSource(t *testing.T) {
	c := codec.MsgPack[cargo]()
	octets := sure(c.Append(nil, fullCargo()))
	var got cargo
	if err := c.Decode(octets, &got); err != nil {
		t.Fatal(err)
	}
	for i := range octets {
		octets[i] = 0xaa
	}
	if !reflect.DeepEqual(got, fullCargo()) {
		t.Errorf("the value changed with its octets: %+v", got)
	}
}

func TestMsgPackUnknownFields(t *testing.T) {
	octets := sure(msgpack.Marshal(map[string]any{"Item": "tea", "New": []any{1, map[string]any{"x": 1}}}))
	var got line
	if err := codec.MsgPack[line]().Decode(octets, &got); err != nil || got.Item != "tea" {
		t.Errorf("got %+v, %v", got, err)
	}
	err := codec.MsgPack[line](codec.WithKnownFields()).Decode(octets, &got)
	if !errors.Is(err, codec.ErrMismatch) || !strings.Contains(err.Error(), `unknown field "New"`) {
		t.Errorf("got %v, want ErrMismatch that names the field", err)
	}
	var list []line
	nested := sure(msgpack.Marshal([]any{map[string]any{}, map[string]any{"New": 1}}))
	err = codec.MsgPack[[]line](codec.WithKnownFields()).Decode(nested, &list)
	var failed *codec.Error
	if !errors.As(err, &failed) || failed.Field != "[1]" {
		t.Errorf("got %v, want it to name [1]", err)
	}
}

func TestMsgPackConcurrently(t *testing.T) {
	c := codec.MsgPack[cargo]()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			want := cargo{ID: uint64(i), Names: []string{strings.Repeat("x", i)}, Free: []any{"y"}, When: time.Unix(1, 0)}
			want.Created = want.When
			for range 200 {
				octets, err := c.Append(nil, want)
				var got cargo
				if err == nil {
					err = c.Decode(octets, &got)
				}
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v", got, err)
					return
				}
				if c.Decode(octets[:len(octets)-1], &got) == nil {
					t.Error("truncated octets were decoded")
				}
			}
		})
	}
	group.Wait()
}

// Append touches nothing in front of what it appends, whatever the capacity, and
// on an error returns what it got.
func TestMsgPackAppends(t *testing.T) {
	c := codec.MsgPack[line](codec.WithMaxSize(40))
	short, long := line{Item: "tea"}, line{Item: strings.Repeat("x", 40)}
	plain := sure(c.Append(nil, short))
	for capacity := range 2 * len(plain) {
		dst := append(make([]byte, 0, 3+capacity), "abc"...)
		got := sure(c.Append(dst, short))
		if !bytes.Equal(got, slices.Concat([]byte("abc"), plain)) {
			t.Fatalf("got %q", got)
		}
		got, err := c.Append(dst, long)
		if !errors.Is(err, codec.ErrLimit) {
			t.Fatalf("got %v, want ErrLimit", err)
		}
		if string(got) != "abc" || cap(got) != cap(dst) || &got[0] != &dst[0] {
			t.Fatalf("an error changed what it appends to: %q", got)
		}
	}
}
