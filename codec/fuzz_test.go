package codec_test

import (
	"bytes"
	"math/big"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/brokerless/brokerless/codec"
	"github.com/vmihailenco/msgpack/v5"
)

// A menagerie has what is hard to decode.
type menagerie struct {
	base
	A    any
	B    []any
	C    map[any]int
	D    map[[2]any]string
	E    error
	F    map[string]any
	G    time.Time
	H    *time.Time
	I    url.URL
	J    *url.URL
	K    interface{ Len() int }
	L    map[string]menagerie
	M    []*menagerie
	N    [3]int8
	O    map[withAny]bool
	P    netip.Addr
	Q    big.Int
	R    celsius
	S    string `msgpack:",intern"`
	T    any    `msgpack:"t,intern"`
	U    [][8]uint16
	V    map[string]map[string][]byte
	W    uint8 `msgpack:"W,alias:w"`
	X    float32
	Y    **int
	Z    msgpack.RawMessage
	Pair struct{ A, B any } `msgpack:",inline"`
}

// seeds gives the fuzzer what the golden files with that ending have.
func seeds(f *testing.F, ending string) {
	f.Helper()
	names, err := filepath.Glob("testdata/golden/*" + ending)
	if err != nil || len(names) == 0 {
		f.Fatal("no golden files", err)
	}
	for _, name := range names {
		f.Add(sure(os.ReadFile(name)))
	}
}

// A budget is what decoding may take for each octet, and besides.
const (
	perOctet = 1024
	besides  = 1 << 20
)

// thrifty fails the test if f allocates more than n octets allow.
func thrifty(t *testing.T, n int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(n)*perOctet+besides {
		t.Errorf("%d octets took %d octets of memory", n, took)
	}
}

// tryMsgPack decodes octets as a T, and again what comes from encoding that,
// which has to work unless the type may refuse it.
func tryMsgPack[T any](t *testing.T, c codec.Codec[T], octets []byte, whole bool) {
	t.Helper()
	var v T
	var err error
	thrifty(t, len(octets), func() { err = c.Decode(octets, &v) })
	if err != nil {
		if !reflect.ValueOf(&v).Elem().IsZero() {
			t.Errorf("%v, and left %+v", err, v)
		}
		return
	}
	again, err := c.Append(nil, v)
	if err == nil {
		err = c.Decode(again, &v)
	}
	if err != nil && whole {
		t.Errorf("what was decoded from %q does not come back from %q: %v", octets, again, err)
	}
}

func FuzzMsgPack(f *testing.F) {
	seeds(f, ".msgpack")
	for _, s := range []string{
		"\x81\xa1G\xc0", "\x82\xa1A\x01\xa1A\x02", "\x81\xa1C\x81\x90\x01", "\xc7\x05\x00\xdf\x7f\xff\xff\xff",
		"\x81\xa1T\xd4\x80\x00", "\x82\xa1S\xa3abc\xa1t\xd4\x80\x00", "\x81\xa1E\x01", "\x81\xa1Z\x81\xa1a\x90", "\x81\xa1Y\xc0",
	} {
		f.Add([]byte(s))
	}
	all, anything := codec.MsgPack[menagerie](), codec.MsgPack[any]()
	full, times := codec.MsgPack[cargo](codec.WithKnownFields()), codec.MsgPack[map[string]time.Time]()
	texts, list := codec.MsgPack[map[string]string](), codec.MsgPack[[]wide](codec.WithMaxMemory(1<<20))
	f.Fuzz(func(t *testing.T, octets []byte) {
		tryMsgPack(t, all, octets, false)
		tryMsgPack(t, anything, octets, true)
		tryMsgPack(t, full, octets, true)
		tryMsgPack(t, times, octets, true)
		tryMsgPack(t, texts, octets, true)
		tryMsgPack(t, list, octets, true)
	})
}

func FuzzJSON(f *testing.F) {
	seeds(f, ".json")
	c, known := codec.JSON[any](), codec.JSON[parcel](codec.WithKnownFields())
	f.Fuzz(func(t *testing.T, octets []byte) {
		var v any
		var p parcel
		thrifty(t, len(octets), func() { _ = known.Decode(octets, &p) })
		if c.Decode(octets, &v) != nil {
			return
		}
		var again any
		if err := c.Decode(sure(c.Append(nil, v)), &again); err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%q became %v, and that %v: %v", octets, v, again, err)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("grüße"))
	f.Add(sure(netip.MustParseAddr("fe80::1%eth0").MarshalBinary()))
	f.Fuzz(func(t *testing.T, octets []byte) {
		var s string
		if err := codec.Text().Decode(octets, &s); err == nil && !bytes.Equal(sure(codec.Text().Append(nil, s)), octets) {
			t.Errorf("%q became %q", octets, s)
		}
		var b []byte
		if err := codec.Bytes().Decode(octets, &b); err != nil || !bytes.Equal(b, octets) {
			t.Errorf("%q became %q", octets, b)
		}
		var a netip.Addr
		if c := codec.Binary[netip.Addr](); c.Decode(octets, &a) == nil && roundTrip(t, c, a) != a {
			t.Errorf("%v does not come back", a)
		}
	})
}
