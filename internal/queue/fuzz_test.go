package queue_test

import (
	"math/rand/v2"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// FuzzDecoder compares a Decoder with parse. The splits are the sizes of the
// reads, over and over; how says what else is to differ.
func FuzzDecoder(f *testing.F) {
	for seed := range uint64(6) {
		f.Add(anyStream(rand.New(rand.NewPCG(seed, 4)), 30), []byte{1, 200, 0, 7}, uint16(seed))
	}
	f.Add(wire(bodies(1, 0, 1, 255, 256)), []byte{1}, uint16(1))
	f.Add(wire(bodies(2, queue.LargeBody-1, queue.LargeBody, queue.LargeBody+1)), []byte{0}, uint16(3))
	f.Add(wire(bodies(3, 64<<10-9, 3, 64<<10)), []byte{0, 255}, uint16(5))
	f.Add(append(wire(message{append([]byte("D"), make([]byte, 20_000)...)}), wire(bodies(4, 3))...), []byte{0}, uint16(1))
	f.Add(zmtp.AppendFrame(zmtp.AppendFrame(nil, zmtp.FlagCommand, []byte("N a notice")), 0, []byte("x")), []byte{3}, uint16(9))
	f.Add([]byte{1, 0, 4, 3, 'N', 'N', 'N', 0, 0}, []byte{}, uint16(0))
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, 1, 'X', 2, 127, 255, 255, 255, 255, 255, 255, 255}, []byte{0}, uint16(1))
	f.Fuzz(func(t *testing.T, stream, splits []byte, how uint16) {
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
		}
		want := parse(stream, x.limits, x.inspect)
		if got := x.run(t, stream); !got.equal(want) {
			t.Fatalf("got %s\nwant %s", got, want)
		}
	})
}
