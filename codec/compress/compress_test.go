package compress_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/codec/compress"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

func sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A wrapper is Zstd or S2, for octets.
type wrapper struct {
	name string
	form byte
	wrap func(...compress.Option) codec.Codec[[]byte]
}

var wrappers = []wrapper{
	{"zstd", 1, func(opts ...compress.Option) codec.Codec[[]byte] { return compress.Zstd(codec.Bytes(), opts...) }},
	{"s2", 2, func(opts ...compress.Option) codec.Codec[[]byte] { return compress.S2(codec.Bytes(), opts...) }},
}

func each(t *testing.T, f func(*testing.T, wrapper)) {
	t.Helper()
	for _, w := range wrappers {
		t.Run(w.name, func(t *testing.T) { f(t, w) })
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(b)
	return b
}

func text(n int) []byte {
	return bytes.Repeat([]byte(`{"id":1,"item":"tea","price":2.5}`), n/33+1)[:n]
}

func TestRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, w wrapper) {
		for _, level := range []compress.Level{compress.Fast, compress.Better, compress.Best} {
			c := w.wrap(compress.WithLevel(level))
			for _, r := range []struct {
				name string
				v    []byte
				form byte
			}{
				{"nothing", []byte{}, 0},
				{"under the threshold", text(255), 0},
				{"at the threshold", text(256), w.form},
				{"large", text(1 << 19), w.form},
				{"noise", noise(1000), 0},
				{"text and noise", append(text(20000), noise(1000)...), w.form},
			} {
				octets := sure(c.Append([]byte("dst"), r.v))
				if string(octets[:3]) != "dst" || octets[3] != r.form {
					t.Fatalf("%s: begins with %q, want form %d", r.name, octets[:4], r.form)
				}
				if octets = octets[3:]; len(octets) > len(r.v)+1 {
					t.Errorf("%s: %d octets became %d", r.name, len(r.v), len(octets))
				}
				got := []byte("old")
				if err := c.Decode(octets, &got); err != nil || !bytes.Equal(got, r.v) {
					t.Errorf("%s: %d octets came back as %d: %v", r.name, len(r.v), len(got), err)
				}
			}
		}
	})
}

func TestAppends(t *testing.T) {
	each(t, func(t *testing.T, w wrapper) {
		c, plain := w.wrap(compress.WithMaxSize(600)), text(600)
		want := sure(c.Append(nil, plain))
		for capacity := 0; capacity < 800; capacity += 13 {
			dst := append(make([]byte, 0, 3+capacity), "dst"...)
			if got := sure(c.Append(dst, plain)); string(got[:3]) != "dst" || !bytes.Equal(got[3:], want) {
				t.Fatalf("capacity %d: got %q", capacity, got)
			}
		}
		got, err := c.Append([]byte("dst"), text(601))
		var failed *codec.Error
		if !errors.Is(err, codec.ErrLimit) || string(got) != "dst" || !errors.As(err, &failed) || failed.Codec != w.name {
			t.Errorf("got %q, %v, want ErrLimit", got, err)
		}
	})
	inner := compress.Zstd(codec.MsgPack[any]())
	if got, err := inner.Append([]byte("dst"), func() {}); !errors.Is(err, codec.ErrValue) || string(got) != "dst" {
		t.Errorf("got %q, %v, want the error of the inner codec", got, err)
	}
}

func TestTruncated(t *testing.T) {
	each(t, func(t *testing.T, w wrapper) {
		c := w.wrap()
		octets := sure(c.Append(nil, append(noise(300), text(2000)...)))
		if octets[0] != w.form {
			t.Fatal("not compressed")
		}
		for end := range octets {
			got := []byte("old")
			if err := c.Decode(octets[:end], &got); !errors.Is(err, codec.ErrMalformed) || got != nil {
				t.Fatalf("the first %d octets: got %q, %v, want ErrMalformed", end, got, err)
			}
		}
		var got []byte
		for _, tail := range []string{"x", "\x00\x00\x00\x00", string(octets[1:])} {
			if err := c.Decode([]byte(string(octets)+tail), &got); !errors.Is(err, codec.ErrMalformed) {
				t.Errorf("%.4q behind it: %v, want ErrMalformed", tail, err)
			}
		}
	})
}

// frame returns what zstd makes of octets, in the form of this package.
func frame(plain []byte, opts ...zstd.EOption) string {
	w := sure(zstd.NewWriter(nil, opts...))
	return "\x01" + string(w.EncodeAll(plain, nil))
}

// stream is frame for a frame that does not state its size.
func stream(plain []byte) string {
	var b bytes.Buffer
	w := sure(zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1)))
	sure(w.Write(plain[:1]))
	sure(0, w.Flush())
	sure(w.Write(plain[1:]))
	sure(0, w.Close())
	return "\x01" + b.String()
}

// boast is a frame of one segment that states a size, and has one block of a
// single octet repeated.
func boast(size uint64, repeat uint32) string {
	b := []byte{1, 0x28, 0xb5, 0x2f, 0xfd, 0xe0}
	b = binary.LittleEndian.AppendUint64(b, size)
	head := repeat<<3 | 1<<1 | 1
	return string(append(b, byte(head), byte(head>>8), byte(head>>16), 'x'))
}

func TestRefuses(t *testing.T) {
	zip, s := wrappers[0].wrap, wrappers[1].wrap
	small := compress.WithMaxSize(1000)
	for _, r := range []struct {
		name   string
		wrap   func(...compress.Option) codec.Codec[[]byte]
		octets string
		opts   []compress.Option
		err    error
		says   string
	}{
		{"nothing", zip, "", nil, codec.ErrMalformed, "form"},
		{"form 3", zip, "\x03abc", nil, codec.ErrMismatch, "form 3, want 0 or 1"},
		{"s2 for zstd", zip, "\x02\x00", nil, codec.ErrMismatch, "form 2"},
		{"zstd for s2", s, frame(text(500)), nil, codec.ErrMismatch, "form 1, want 0 or 2"},
		{"plain, too large", zip, "\x00" + strings.Repeat("x", 1001), []compress.Option{small}, codec.ErrLimit, "1001"},
		{"zstd, too large", zip, frame(text(1001)), []compress.Option{small}, codec.ErrLimit, "1001 octets when inflated"},
		{"s2, too large", s, "\x02" + string(s2.Encode(nil, text(1001))), []compress.Option{small}, codec.ErrLimit, "1001"},
		{"zstd bomb", zip, frame(make([]byte, 64<<20+1)), nil, codec.ErrLimit, "67108865"},
		{"s2 bomb", s, "\x02" + string(s2.Encode(nil, make([]byte, 64<<20+1))), nil, codec.ErrLimit, "67108865"},
		{"boast", zip, boast(1<<63, 1), nil, codec.ErrMalformed, "too short"},
		{"boast of what is allowed", zip, boast(64<<20, 128<<10), nil, codec.ErrMalformed, "too short"},
		{"small boast", zip, boast(1000, 999), nil, codec.ErrMalformed, ""},
		{"more than stated", zip, boast(1000, 1001), nil, codec.ErrMalformed, ""},
		{"s2 boast", s, "\x02\xff\xff\xff\xff\x0f", nil, codec.ErrLimit, "4294967295"},
		{"s2 boast of what is allowed", s, "\x02\x80\x80\x80\x20\x00x", nil, codec.ErrMalformed, ""},
		{"s2 size beyond 32 bits", s, "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", nil, codec.ErrMalformed, ""},
		{"no size", zip, stream(text(5000)), nil, codec.ErrMalformed, "does not state its size"},
		{"skippable", zip, "\x01\x50\x2a\x4d\x18\x01\x00\x00\x00x", nil, codec.ErrMalformed, "does not state its size"},
		{"dictionary", zip, frame(text(500), zstd.WithEncoderDictRaw(7, text(100))), nil, codec.ErrMalformed, "dictionary"},
		{"two frames", zip, frame(text(500)) + frame(text(500))[1:], nil, codec.ErrMalformed, ""},
		{"no frame", zip, "\x01no frame at all", nil, codec.ErrMalformed, ""},
		{"flipped", zip, flipped(frame(text(5000))), nil, codec.ErrMalformed, ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			c := r.wrap(r.opts...)
			got := []byte("old")
			err := c.Decode([]byte(r.octets), &got)
			var failed *codec.Error
			if !errors.Is(err, r.err) || !strings.Contains(err.Error(), r.says) || !errors.As(err, &failed) || failed.Op != "decode" {
				t.Errorf("got %v, want %v that says %q", err, r.err, r.says)
			}
			if got != nil {
				t.Errorf("an error left %q", got)
			}
		})
	}
	for name, octets := range map[string]string{
		"plain":  "\x00" + strings.Repeat("x", 1000),
		"frame":  frame(text(1000)),
		"level":  frame(text(1000), zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20), zstd.WithSingleSegment(false)),
		"repeat": boast(1000, 1000),
	} {
		if err := zip(small).Decode([]byte(octets), new([]byte)); err != nil {
			t.Errorf("%s, at the limit: %v", name, err)
		}
	}
	if err := s(small).Decode(append([]byte{2}, s2.Encode(nil, text(1000))...), new([]byte)); err != nil {
		t.Errorf("s2, at the limit: %v", err)
	}
}

func flipped(s string) string { return s[:len(s)-1] + string(s[len(s)-1]^1) }

// allocates returns how much memory f takes.
func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A bomb takes no more memory than is allowed, and one that is refused none.
func TestBombs(t *testing.T) {
	for _, octets := range []string{frame(make([]byte, 32<<20)), "\x02" + string(s2.Encode(nil, make([]byte, 32<<20)))} {
		w := wrappers[octets[0]-1]
		for limit, most := range map[int]uint64{32<<20 - 1: 1 << 20, 32 << 20: 36 << 20} {
			c := compress.Zstd[blind](blindCodec{}, compress.WithMaxSize(limit))
			if w.form == 2 {
				c = compress.S2[blind](blindCodec{}, compress.WithMaxSize(limit))
			}
			var err error
			_ = c.Decode([]byte(octets), new(blind)) // makes what is kept
			took := allocates(func() { err = c.Decode([]byte(octets), new(blind)) })
			if (err == nil) != (limit == 32<<20) {
				t.Errorf("%s, limit %d: %v", w.name, limit, err)
			}
			if took > most {
				t.Errorf("%s of %d octets, limit %d: took %d octets", w.name, len(octets), limit, took)
			}
		}
	}
}

// A blind looks at nothing.
type (
	blind      struct{}
	blindCodec struct{}
)

func (blindCodec) Append(dst []byte, _ blind) ([]byte, error) { return dst, nil }
func (blindCodec) Decode([]byte, *blind) error                { return nil }

func TestConcurrently(t *testing.T) {
	each(t, func(t *testing.T, w wrapper) {
		c := w.wrap()
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				for n := range 50 {
					want := text(1000*i + 100*n)
					var got []byte
					if err := c.Decode(sure(c.Append(nil, want)), &got); err != nil || !bytes.Equal(got, want) {
						t.Errorf("%d octets: got %d, %v", len(want), len(got), err)
					}
				}
			})
		}
		group.Wait()
	})
}

func FuzzCompress(f *testing.F) {
	f.Add([]byte(frame(text(1000))))
	f.Add([]byte(stream(text(1000))))
	f.Add([]byte(boast(64<<20, 128<<10)))
	f.Add(append([]byte{2}, s2.Encode(nil, text(1000))...))
	f.Add([]byte("\x00plain"))
	const most = 1 << 20
	zip, s := wrappers[0].wrap(compress.WithMaxSize(most)), wrappers[1].wrap(compress.WithMaxSize(most))
	f.Fuzz(func(t *testing.T, octets []byte) {
		for _, c := range []codec.Codec[[]byte]{zip, s} {
			var got, again []byte
			var err error
			if took := allocates(func() { err = c.Decode(octets, &got) }); took > 8<<20 {
				t.Errorf("%d octets took %d octets of memory", len(octets), took)
			}
			if err == nil && (c.Decode(sure(c.Append(nil, got)), &again) != nil || !bytes.Equal(got, again)) {
				t.Errorf("%q does not come back", got)
			}
			if len(octets) > most {
				continue
			}
			if err := c.Decode(sure(c.Append(nil, octets)), &got); err != nil || !bytes.Equal(got, octets) {
				t.Errorf("%q came back as %q: %v", octets, got, err)
			}
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	var page bytes.Buffer
	for i := 0; page.Len() < 4096; i++ {
		fmt.Fprintf(&page, `{"id":%d,"item":"tea number %x","price":%d.5}`, i, i*7919, i*i)
	}
	for _, w := range wrappers {
		for level, name := range []string{"fast", "better", "best"} {
			c := w.wrap(compress.WithLevel(compress.Level(level)))
			octets := sure(c.Append(nil, page.Bytes()))
			b.Run(w.name+"/"+name+"/append", func(b *testing.B) {
				b.SetBytes(int64(page.Len()))
				b.ReportAllocs()
				for b.Loop() {
					octets = sure(c.Append(octets[:0], page.Bytes()))
				}
				b.ReportMetric(float64(len(octets)), "octets")
			})
			b.Run(w.name+"/"+name+"/decode", func(b *testing.B) {
				b.SetBytes(int64(page.Len()))
				b.ReportAllocs()
				var got []byte
				for b.Loop() {
					if err := c.Decode(octets, &got); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func ExampleZstd() {
	notes := compress.Zstd(codec.Text(), compress.WithMaxSize(1<<20))
	octets, err := notes.Append(nil, strings.Repeat("tea ", 1000))
	fmt.Println(len(octets) < 50, octets[0], err)
	octets, err = notes.Append(nil, "tea")
	fmt.Printf("%q %v\n", octets, err)
	// Output:
	// true 1 <nil>
	// "\x00tea" <nil>
}

func ExampleS2() {
	notes := compress.S2(codec.Text(), compress.WithMaxSize(1000))
	bomb := append([]byte{2}, s2.Encode(nil, make([]byte, 1<<20))...)
	var note string
	fmt.Println(notes.Decode(bomb, &note))
	// Output: brokerless: s2: decode string: over the limit: 1048576 octets when inflated, want at most 1000
}
