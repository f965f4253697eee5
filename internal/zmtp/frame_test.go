package zmtp

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
)

func TestParseHeader(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want Header
	}{
		{"WT-22 message", []byte{0x00, 5, 'H'}, Header{Flags: 0, Len: 2, Size: 5}},
		{"WT-22 more", []byte{0x01, 0}, Header{Flags: FlagMore, Len: 2, Size: 0}},
		{"WT-22 long", []byte{0x02, 0, 0, 0, 0, 0, 0, 1, 0}, Header{Flags: FlagLong, Len: 9, Size: 256}},
		{"WT-22 long more", []byte{0x03, 0, 0, 0, 1, 0, 0, 0, 0}, Header{Flags: FlagLong | FlagMore, Len: 9, Size: 1 << 32}},
		{"WT-22 command", []byte{0x04, 255}, Header{Flags: FlagCommand, Len: 2, Size: 255}},
		{"WT-22 long command", []byte{0x06, 0, 0, 0, 0, 0, 0, 1, 1}, Header{Flags: FlagCommand | FlagLong, Len: 9, Size: 257}},
		{"WT-24 long and small", []byte{0x02, 0, 0, 0, 0, 0, 0, 0, 1}, Header{Flags: FlagLong, Len: 9, Size: 1}},
		{"WT-24 long and empty", []byte{0x02, 0, 0, 0, 0, 0, 0, 0, 0}, Header{Flags: FlagLong, Len: 9, Size: 0}},
		{"largest", []byte{0x02, 0x7F, 255, 255, 255, 255, 255, 255, 255}, Header{Flags: FlagLong, Len: 9, Size: math.MaxInt64}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseHeader(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
			for n := range tt.want.Len {
				if _, err := ParseHeader(tt.in[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%d octets: error %v, want io.ErrUnexpectedEOF", n, err)
				}
			}
			short, ok := ParseShortHeader(tt.in)
			if wantOK := tt.want.Flags <= FlagMore; ok != wantOK || ok && short != tt.want {
				t.Errorf("ParseShortHeader = %+v, %v, want %v", short, ok, wantOK)
			}
		})
	}
}

// A header is refused at the first octet that no legal one can have.
func TestParseHeaderRefuses(t *testing.T) {
	var tests [][]byte
	for flags := 8; flags < 256; flags++ {
		tests = append(tests, []byte{byte(flags)}) // WT-25: we are strict
	}
	tests = append(tests,
		[]byte{0x05}, // WT-22: MORE on a command
		[]byte{0x07},
		[]byte{0x02, 0x80}, // size of 2^63 and more
		[]byte{0x06, 0xFF, 255, 255, 255, 255, 255, 255, 255},
	)
	for _, in := range tests {
		_, err := ParseHeader(in)
		if e := new(ProtocolError); !errors.As(err, &e) || e.Kind != BadFrame {
			t.Errorf("%x: error %v, want a ProtocolError of kind BadFrame", in, err)
		}
		if _, ok := ParseShortHeader(append(in, 0, 0)); ok {
			t.Errorf("%x: ParseShortHeader takes it", in)
		}
	}
}

// WT-23: the short form up to 255 octets, LONG above, whatever flags say.
func TestAppendHeader(t *testing.T) {
	for _, flags := range []byte{0, FlagMore, FlagCommand} {
		for _, size := range []int{0, 1, 255, 256, 65536, math.MaxInt} {
			want := Header{Flags: flags, Len: 2, Size: int64(size)}
			if size > 255 {
				want.Flags, want.Len = flags|FlagLong, 9
			}
			for _, given := range []byte{flags, flags | FlagLong} {
				b := AppendHeader([]byte("before"), given, size)
				rest, ok := bytes.CutPrefix(b, []byte("before"))
				got, err := ParseHeader(rest)
				if !ok || err != nil || got != want || len(rest) != want.Len {
					t.Errorf("flags %d size %d: %x is %+v, %v, want %+v", given, size, b, got, err, want)
				}
			}
		}
	}
}

func TestHeadersDoNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 64)
	header := AppendHeader(nil, 0, 1<<20)
	if n := testing.AllocsPerRun(100, func() {
		buf = AppendHeader(buf[:0], FlagMore, 1<<20)
		if _, err := ParseHeader(header); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkParseHeader(b *testing.B) {
	for name, header := range map[string][]byte{"short": {0, 100}, "long": {2, 0, 0, 0, 0, 0, 1, 0, 0}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseHeader(header); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseShortHeader(b *testing.B) {
	header := []byte{0, 100}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseShortHeader(header); !ok {
			b.Fatal("refused")
		}
	}
}

func BenchmarkAppendHeader(b *testing.B) {
	for name, size := range map[string]int{"short": 100, "long": 1 << 16} {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 64)
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendHeader(buf[:0], 0, size)
			}
		})
	}
}
