package queue_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// run stands in the script of a stream for as many octets as the next two say.
const run = 0xFE

// expand returns the stream that a script stands for. Large bodies would make
// the inputs too large to be changed and minimised in time.
func expand(script []byte) (stream []byte) {
	for i := 0; i < len(script) && len(stream) < 1<<18; i++ {
		if b := script[i]; b != run || i+2 >= len(script) {
			stream = append(stream, b)
			continue
		}
		stream = append(stream, body(i, int(binary.BigEndian.Uint16(script[i+1:])))...)
		i += 2
	}
	return stream
}

// scripted returns the script of a frame whose body starts with first.
func scripted(flags byte, first string, n int) []byte {
	b := append(zmtp.AppendHeader(nil, flags, len(first)+n), first...)
	return binary.BigEndian.AppendUint16(append(b, run), uint16(n))
}

// FuzzDecoder compares a Decoder with parse. The splits are the sizes of the
// reads, over and over; how says what else is to differ.
func FuzzDecoder(f *testing.F) {
	const large = queue.LargeBody
	for _, script := range [][][]byte{
		{scripted(0, "", 0), scripted(0, "", 255), scripted(0, "", 256), scripted(1, "", 3), scripted(0, "", 1)},
		{scripted(1, "", large-1), scripted(1, "", large), scripted(0, "", large+1), scripted(0, "a", 0)},
		{scripted(1, "", 65535-9), scripted(0, "", 3), scripted(0, "ab", 65534), scripted(0, "a", 65535)},
		{scripted(0, "D", 20_000), scripted(0, "b", 10), scripted(1, "D", 3), scripted(0, "", large), scripted(0, "c", 1)},
		{scripted(4, "N.", 10), scripted(0, "x", 0), scripted(4, "N.", 300), scripted(4, "c", 2000), scripted(0, "x", 300)},
		{scripted(1, "", 0), scripted(4, "N.", 3), scripted(0, "", 0)},
		{scripted(1, "", large), scripted(4, "c", 5), scripted(1, "", 9), scripted(4, "c", 1000), scripted(0, "", large)},
		{scripted(0, "X", 10)},
		{scripted(0, "a", 3), scripted(0, "X", large)},
		{scripted(4, "E", 1)},
		{{2, 0, 0, 0, 0, 0, 0, 0, 1, 'X'}, {2, 127, 255, 255, 255, 255, 255, 255, 255}},
		{scripted(0, "", 9), {8}},
		{{6, 0, 0, 0, 0, 0, 0, 0, 3, 'N', 'N', 'N'}, scripted(0, "", large)[:7]},
	} {
		for i, splits := range [][]byte{{}, {1}, {7, 0, 200}, {127, 129}} {
			for how := range uint16(4) {
				f.Add(bytes.Join(script, nil), splits, how*5<<7|how<<11|uint16(i&1))
			}
		}
	}
	f.Fuzz(func(t *testing.T, script, splits []byte, how uint16) {
		stream := expand(script)
		next := 0
		bite := func(space int) int {
			if len(splits) == 0 {
				return space
			}
			n := int(splits[next%len(splits)])
			next++
			switch { // small ones as they are, the largest as large as can be
			case n == 0:
				return space
			case n < 128:
				return n
			default:
				return (n - 127) << 9
			}
		}
		x := feed{
			inspect: how&1 > 0,
			limits: queue.Limits{
				Message: []int64{0, 50, 300, 40_000}[how>>1&3],
				Frames:  []int{0, 1, 2, 100}[how>>3&3],
				Command: []int{0, 3, 255, 1000}[how>>5&3],
			},
			marks: queue.Marks{
				Messages: []int{0, 1, 2, 9}[how>>7&3],
				Bytes:    []int{0, 1, 100, 50_000}[how>>9&3],
			},
			split: bite,
			reads: func() int { return 1 + int(how>>11&7) },
			later: func() bool { return how>>14 > 0 && next%4 < int(how>>14) },
		}
		want := parse(stream, x.limits, x.inspect)
		if got := x.run(t, stream); !got.equal(want) {
			t.Fatalf("got %s\nwant %s", got, want)
		}
	})
}
