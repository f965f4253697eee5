package codec_test

import (
	"bytes"
	"testing"

	"github.com/brokerless/brokerless/codec"
	"github.com/vmihailenco/msgpack/v5"
)

// A quote is a message as they often are.
type quote struct {
	ID     int64
	Symbol string
	Price  float64
	Unit   string
	Final  bool
	Tags   []string
}

var aQuote = quote{ID: 123456, Symbol: "boiler/3/outlet", Price: 71.25, Unit: "°C", Final: true, Tags: []string{"north", "hot"}}

func BenchmarkAppend(b *testing.B) {
	b.Run("msgpack", func(b *testing.B) {
		c := codec.MsgPack[quote]()
		appends(b, func(dst []byte) ([]byte, error) { return c.Append(dst, aQuote) })
	})
	b.Run("msgpack by hand", func(b *testing.B) {
		var buf bytes.Buffer
		appends(b, func([]byte) ([]byte, error) {
			buf.Reset()
			enc := msgpack.GetEncoder()
			enc.Reset(&buf)
			enc.UseCompactInts(true)
			err := enc.Encode(&aQuote)
			msgpack.PutEncoder(enc)
			return buf.Bytes(), err
		})
	})
	b.Run("msgpack.Marshal", func(b *testing.B) {
		appends(b, func([]byte) ([]byte, error) { return msgpack.Marshal(&aQuote) })
	})
	b.Run("json", func(b *testing.B) {
		c := codec.JSON[quote]()
		appends(b, func(dst []byte) ([]byte, error) { return c.Append(dst, aQuote) })
	})
}

func appends(b *testing.B, f func([]byte) ([]byte, error)) {
	b.Helper()
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		var err error
		if dst, err = f(dst[:0]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(dst)), "octets")
}

func BenchmarkDecode(b *testing.B) {
	packed := sure(codec.MsgPack[quote]().Append(nil, aQuote))
	for name, decode := range map[string]func(*quote) error{
		"msgpack": func(v *quote) error { return msgPackQuote.Decode(packed, v) },
		"msgpack by hand": func(v *quote) error {
			dec := msgpack.GetDecoder()
			dec.Reset(bytes.NewReader(packed))
			err := dec.Decode(v)
			msgpack.PutDecoder(dec)
			return err
		},
		"msgpack.Unmarshal": func(v *quote) error { return msgpack.Unmarshal(packed, v) },
	} {
		b.Run(name, func(b *testing.B) { decodes(b, decode) })
	}
	text := sure(codec.JSON[quote]().Append(nil, aQuote))
	c := codec.JSON[quote]()
	b.Run("json", func(b *testing.B) { decodes(b, func(v *quote) error { return c.Decode(text, v) }) })
}

var msgPackQuote = codec.MsgPack[quote]()

func decodes(b *testing.B, f func(*quote) error) {
	b.Helper()
	b.ReportAllocs()
	var v quote
	for b.Loop() {
		v = quote{}
		if err := f(&v); err != nil {
			b.Fatal(err)
		}
	}
}

// What a message costs in allocations: to encode, one that the msgpack package
// makes for a slice of strings; to decode, what the message holds (the slice, two
// strings in it and two beside it).
func TestMsgPackAllocations(t *testing.T) {
	dst := make([]byte, 0, 256)
	packed := sure(msgPackQuote.Append(nil, aQuote))
	var v quote
	if n := testing.AllocsPerRun(200, func() { dst = sure(msgPackQuote.Append(dst[:0], aQuote)) }); n > 1 {
		t.Errorf("Append allocates %v times, want 1", n)
	}
	if n := testing.AllocsPerRun(200, func() { sure(0, msgPackQuote.Decode(packed, &v)) }); n > 5 {
		t.Errorf("Decode allocates %v times, want 5", n)
	}
}
