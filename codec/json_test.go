package codec_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/codec"
)

type parcel struct {
	ID    int               `json:"id"`
	Item  string            `json:"item"`
	Lines []parcel          `json:"lines,omitempty"`
	Notes map[string]string `json:"notes,omitempty"`
	At    time.Time         `json:"at"`
	Any   any               `json:"any"`
}

func TestJSON(t *testing.T) {
	c := codec.JSON[parcel]()
	want := parcel{ID: 1, Item: "<tea & \"milk\">", Lines: []parcel{{Item: "x"}}, Notes: map[string]string{"a": "b"}, At: time.Unix(0, 1).UTC(), Any: []any{1.5, "{[", nil}}
	octets := sure(c.Append([]byte("dst"), want))[3:]
	if s := string(octets); !strings.Contains(s, "<tea & ") || strings.HasSuffix(s, "\n") {
		t.Errorf("got %q, want no escapes and no newline", s)
	}
	got := parcel{Notes: map[string]string{"old": "old"}, Lines: make([]parcel, 3)}
	if err := c.Decode(octets, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, c := range []codec.Codec[parcel]{c, codec.JSON[parcel](codec.WithKnownFields())} {
		for end := range octets {
			if err := c.Decode(octets[:end], &got); !errors.Is(err, codec.ErrMalformed) {
				t.Fatalf("%q: got %v, want ErrMalformed", octets[:end], err)
			}
		}
		for _, tail := range []string{"x", "{}", "]", "\x00"} {
			if err := c.Decode([]byte(string(octets)+tail), &got); !errors.Is(err, codec.ErrMalformed) {
				t.Errorf("%q behind the value: got %v, want ErrMalformed", tail, err)
			}
		}
		if err := c.Decode([]byte(string(octets)+" \n"), &got); err != nil {
			t.Errorf("space behind the value: %v", err)
		}
	}
}

func TestJSONRefuses(t *testing.T) {
	small := []codec.Option{codec.WithMaxSize(5)}
	flat := []codec.Option{codec.WithMaxDepth(2)}
	for _, r := range []struct {
		octets string
		opts   []codec.Option
		err    error
		field  string
	}{
		{`{"id":"x"}`, nil, codec.ErrMismatch, "id"},
		{`{"lines":[{"id":1.5}]}`, nil, codec.ErrMismatch, "lines.id"},
		{`{"id":99999999999999999999}`, nil, codec.ErrMismatch, "id"},
		{`{"at":"yesterday"}`, nil, codec.ErrMismatch, ""},
		{`[]`, nil, codec.ErrMismatch, ""},
		{`{"new":1}`, []codec.Option{codec.WithKnownFields()}, codec.ErrMismatch, ""},
		{`{id:1}`, nil, codec.ErrMalformed, ""},
		{`{"id":1,}`, nil, codec.ErrMalformed, ""},
		{`    {}`, small, codec.ErrLimit, ""},
		{`{"any":[[]]}`, flat, codec.ErrLimit, ""},
		{`{"any":[{"a":"` + `]]]]"}]}`, flat, codec.ErrLimit, ""},
		{strings.Repeat("[", 1<<20), nil, codec.ErrLimit, ""},
	} {
		var got parcel
		err := codec.JSON[parcel](r.opts...).Decode([]byte(r.octets), &got)
		var failed *codec.Error
		if !errors.Is(err, r.err) || !errors.As(err, &failed) || failed.Field != r.field {
			t.Errorf("%.40s: got %v, want %v at %q", r.octets, err, r.err, r.field)
		}
		if !reflect.DeepEqual(got, parcel{}) {
			t.Errorf("%.40s: an error left %+v", r.octets, got)
		}
	}
	for octets, opts := range map[string][]codec.Option{`   {}`: small, `{"any":[1]}`: flat, `{"item":"\"[[[\\","new":0}`: flat} {
		if err := codec.JSON[parcel](opts...).Decode([]byte(octets), new(parcel)); err != nil {
			t.Errorf("%s: %v", octets, err)
		}
	}
}

func TestJSONRefusesValues(t *testing.T) {
	ring := map[string]any{}
	ring["again"] = ring
	c := codec.JSON[any](codec.WithMaxSize(10), codec.WithMaxDepth(3))
	for name, r := range map[string]struct {
		v   any
		err error
	}{
		"NaN":     {math.NaN(), codec.ErrValue},
		"channel": {make(chan int), codec.ErrValue},
		"ring":    {ring, codec.ErrValue},
		"size":    {"123456789", codec.ErrLimit},
		"depth":   {nested(4), codec.ErrLimit},
	} {
		got, err := c.Append([]byte("dst"), r.v)
		if !errors.Is(err, r.err) || string(got) != "dst" {
			t.Errorf("%s: got %q, %v, want %v", name, got, err, r.err)
		}
	}
	for _, v := range []any{"12345678", nested(3)} {
		if _, err := c.Append(nil, v); err != nil {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	err := codec.MsgPack[map[string][]line]().Decode([]byte("\x81\xa1k\x91\x81\xa4Item\x01"), new(map[string][]line))
	if want := `brokerless: msgpack: decode map[string][]codec_test.line, ["k"][0].Item: wrong type: want a string, have an integer`; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %v", err, want)
	}
	err = codec.Failed[int]("roman", "encode", codec.ErrValue)
	if want := `brokerless: roman: encode int: cannot be encoded`; err.Error() != want {
		t.Errorf("got %v, want %v", err, want)
	}
}
