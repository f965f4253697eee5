package zmtp

import (
	"fmt"
	"testing"
)

// A cipher seals and opens without an allocation. Bytes are those of the body.
func BenchmarkCipher(b *testing.B) {
	for _, size := range []int{16, 1 << 10, 64 << 10} {
		body := make([]byte, size)
		b.Run(fmt.Sprintf("Seal/%d", size), func(b *testing.B) {
			c, _ := cipherPair()
			var dst []byte
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				dst = c.Seal(dst[:0], 0, body)
			}
		})
		b.Run(fmt.Sprintf("Open/%d", size), func(b *testing.B) {
			c, s := cipherPair()
			frame := c.Seal(nil, 0, body)
			h, _ := ParseHeader(frame)
			var dst []byte
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				s.recv.last = 0
				var err error
				dst, err = s.Open(dst[:0], frame[h.Len:])
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
