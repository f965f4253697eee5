package protobuf_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/codec/protobuf"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// lists returns n lists, each within the other, in a value. That makes 2n+1
// messages.
func lists(n int) *structpb.Value {
	v := structpb.NewNullValue()
	for range n {
		v = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{v}})
	}
	return v
}

func sample() *structpb.Struct {
	return sure(structpb.NewStruct(map[string]any{"id": 7.0, "item": "tea", "lines": []any{map[string]any{"a": true}, nil, ""}}))
}

func TestRoundTrip(t *testing.T) {
	c := protobuf.Codec[*structpb.Struct](protobuf.WithDeterministic())
	octets := sure(c.Append([]byte("dst"), sample()))
	if !bytes.Equal(octets, sure(c.Append([]byte("dst"), sample()))) {
		t.Error("equal messages have different octets")
	}
	octets = octets[3:]
	old := sample()
	got := old
	if err := c.Decode(octets, &got); err != nil || !proto.Equal(got, sample()) {
		t.Fatalf("got %v, %v", got, err)
	}
	if got == old {
		t.Error("the message that was there was written to")
	}
	for i := range octets {
		octets[i] = 0xaa
	}
	if !proto.Equal(got, sample()) {
		t.Errorf("the message changed with its octets: %v", got)
	}
	at := timestamppb.New(time.Unix(1, 2))
	times := protobuf.Codec[*timestamppb.Timestamp](protobuf.WithKnownFields())
	var back *timestamppb.Timestamp
	if err := times.Decode(sure(times.Append(nil, at)), &back); err != nil || !proto.Equal(back, at) {
		t.Errorf("got %v, %v", back, err)
	}
	if err := times.Decode(nil, &back); err != nil || back == nil || back.Seconds != 0 {
		t.Errorf("no octets: got %v, %v, want an empty message", back, err)
	}
}

// decode decodes octets as a T, which has to be nil after an error.
func decode[T interface {
	comparable
	proto.Message
}](octets []byte, opts ...protobuf.Option) error {
	var none, got T
	err := protobuf.Codec[T](opts...).Decode(octets, &got)
	if err != nil && got != none {
		return fmt.Errorf("an error left %v", got)
	}
	return err
}

func TestRefuses(t *testing.T) {
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1)
	within := protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), unknown) // a list_value
	known := []protobuf.Option{protobuf.WithKnownFields()}
	for _, r := range []struct {
		name   string
		decode func([]byte, ...protobuf.Option) error
		octets []byte
		opts   []protobuf.Option
		err    error
		says   string
	}{
		{"no field", decode[*structpb.Value], []byte{0xff}, nil, codec.ErrMalformed, ""},
		{"field 0", decode[*structpb.Value], []byte{0x00, 0x00}, nil, codec.ErrMalformed, ""},
		{"truncated", decode[*structpb.Value], []byte{0x1a, 0x05, 'x'}, nil, codec.ErrMalformed, ""},
		{"endless length", decode[*structpb.Value], []byte{0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f}, nil, codec.ErrMalformed, ""},
		{"no UTF-8", decode[*structpb.Value], []byte{0x1a, 0x01, 0xff}, nil, codec.ErrMalformed, "UTF-8"},
		{"missing", decode[*descriptorpb.UninterpretedOption_NamePart], nil, nil, codec.ErrMalformed, "name_part"},
		{"unknown", decode[*structpb.Value], unknown, known, codec.ErrMismatch, "google.protobuf.Value"},
		{"unknown within", decode[*structpb.Value], within, known, codec.ErrMismatch, "google.protobuf.ListValue"},
		{"size", decode[*structpb.Value], []byte{0x1a, 0x02, 'a', 'b'}, []protobuf.Option{protobuf.WithMaxSize(3)}, codec.ErrLimit, "want at most 3"},
		{"depth", decode[*structpb.Value], sure(proto.Marshal(lists(32))), nil, codec.ErrLimit, "deeper than 64"},
		{"depth 1", decode[*structpb.Value], within, []protobuf.Option{protobuf.WithMaxDepth(0)}, codec.ErrLimit, "deeper than 1"},
		{"far too deep", decode[*structpb.Value], sure(proto.Marshal(lists(6000))), nil, codec.ErrMalformed, ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			err := r.decode(r.octets, r.opts...)
			var failed *codec.Error
			if !errors.Is(err, r.err) || !strings.Contains(err.Error(), r.says) || !errors.As(err, &failed) {
				t.Fatalf("got %v, want %v that says %q", err, r.err, r.says)
			}
			if failed.Codec != "protobuf" || failed.Op != "decode" || !strings.HasPrefix(failed.Type, "*") {
				t.Errorf("got %+v", failed)
			}
		})
	}
	for name, err := range map[string]error{
		"unknown": decode[*structpb.Value](unknown),
		"size":    decode[*structpb.Value]([]byte{0x1a, 0x02, 'a', 'b'}, protobuf.WithMaxSize(4)),
		"depth":   decode[*structpb.Value](sure(proto.Marshal(lists(31))), protobuf.WithMaxDepth(63)),
		"depth 1": decode[*structpb.Value]([]byte{0x1a, 0x00}, protobuf.WithMaxDepth(1)),
		"deep":    decode[*structpb.Value](sure(proto.Marshal(lists(1000))), protobuf.WithMaxDepth(2001)),
	} {
		if err != nil {
			t.Errorf("%s, at its limit: %v", name, err)
		}
	}
}

func TestTruncated(t *testing.T) {
	c := protobuf.Codec[*structpb.Value]()
	octets := sure(c.Append(nil, structpb.NewStructValue(sample())))
	for end := 1; end < len(octets); end++ { // no octets are an empty message
		var got *structpb.Value
		if err := c.Decode(octets[:end], &got); !errors.Is(err, codec.ErrMalformed) || got != nil {
			t.Errorf("the first %d octets: got %v, %v, want ErrMalformed", end, got, err)
		}
	}
	if err := decode[*structpb.Value](append(octets, 0x0f)); !errors.Is(err, codec.ErrMalformed) {
		t.Errorf("an octet behind it: %v, want ErrMalformed", err)
	}
}

func TestRefusesValues(t *testing.T) {
	ring := lists(1)
	ring.GetListValue().Values[0] = ring
	diamond := structpb.NewNullValue()
	for range 30 {
		diamond = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{diamond, diamond}})
	}
	twins := sample()
	twins.Fields["self"] = structpb.NewStructValue(twins)
	for name, r := range map[string]struct {
		v    *structpb.Value
		err  error
		says string
	}{
		"nil":         {nil, codec.ErrValue, "nil message"},
		"ring":        {ring, codec.ErrLimit, "within itself"},
		"ring of map": {structpb.NewStructValue(twins), codec.ErrLimit, "within itself"},
		"diamonds":    {diamond, codec.ErrLimit, "more messages"},
		"no UTF-8":    {structpb.NewStringValue("\xff"), codec.ErrValue, "UTF-8"},
		"size":        {structpb.NewStringValue(strings.Repeat("x", 65536)), codec.ErrLimit, "want at most 65536"},
		"depth":       {lists(32), codec.ErrLimit, "deeper than 64"},
	} {
		got, err := protobuf.Codec[*structpb.Value](protobuf.WithMaxSize(65536)).Append([]byte("dst"), r.v)
		if !errors.Is(err, r.err) || !strings.Contains(err.Error(), r.says) || string(got) != "dst" {
			t.Errorf("%s: got %q, %v, want %v that says %q", name, got, err, r.err, r.says)
		}
	}
	if _, err := protobuf.Codec[*structpb.Value]().Append(nil, lists(31)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func TestPanicsForInterface(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "proto.Message") && !strings.Contains(fmt.Sprint(r), "protoreflect") {
			t.Errorf("got %v, want a panic that names the type", r)
		}
	}()
	protobuf.Codec[proto.Message]()
}

func TestConcurrently(t *testing.T) {
	c := protobuf.Codec[*structpb.Struct]()
	shared := sample()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 100 {
				var got *structpb.Struct
				if err := c.Decode(sure(c.Append(nil, shared)), &got); err != nil || !proto.Equal(got, shared) {
					t.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	group.Wait()
}

func FuzzProtobuf(f *testing.F) {
	f.Add(sure(proto.Marshal(structpb.NewStructValue(sample()))))
	f.Add(sure(proto.Marshal(lists(31))))
	f.Add(sure(proto.Marshal(lists(33))))
	c, strict := protobuf.Codec[*structpb.Value](), protobuf.Codec[*descriptorpb.FileDescriptorProto](protobuf.WithKnownFields())
	f.Fuzz(func(t *testing.T, octets []byte) {
		var v *structpb.Value
		var d *descriptorpb.FileDescriptorProto
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.Decode(octets, &v)
		_ = strict.Decode(octets, &d)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(len(octets))*1024+1<<20 {
			t.Errorf("%d octets took %d octets of memory", len(octets), took)
		}
		if err != nil {
			return
		}
		var again *structpb.Value
		if err := c.Decode(sure(c.Append(nil, v)), &again); err != nil || !proto.Equal(again, v) && !strings.Contains(v.String(), "nan") {
			t.Errorf("%v became %v: %v", v, again, err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	c, v := protobuf.Codec[*structpb.Struct](), sample()
	times, at := protobuf.Codec[*timestamppb.Timestamp](), timestamppb.Now()
	var dst []byte
	b.Run("struct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = sure(c.Append(dst[:0], v))
		}
	})
	b.Run("timestamp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = sure(times.Append(dst[:0], at))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	times := protobuf.Codec[*timestamppb.Timestamp]()
	octets := sure(times.Append(nil, timestamppb.Now()))
	b.ReportAllocs()
	var v *timestamppb.Timestamp
	for b.Loop() {
		if err := times.Decode(octets, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func Example() {
	times := protobuf.Codec[*timestamppb.Timestamp]()
	octets, err := times.Append(nil, timestamppb.New(time.Unix(300, 0)))
	if err != nil {
		fmt.Println(err)
		return
	}
	var at *timestamppb.Timestamp
	err = times.Decode(octets, &at)
	fmt.Printf("%x is %d s: %v\n", octets, at.GetSeconds(), err)
	// Output: 08ac02 is 300 s: <nil>
}
