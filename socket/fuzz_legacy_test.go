package socket

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

// What an upgrader makes of octets does not depend on the pieces they come in or
// are taken in, nor on what it took early; it is whole frames and the beginning
// of one, and what was malformed is told after them.
func FuzzUpgrader(f *testing.F) {
	old, _ := oldTraffic()
	f.Add(old[:3000], uint16(7))
	f.Add(messageOld("hello", "", string(filled(1, 253)), string(filled(2, 254))), uint16(1))
	f.Add([]byte("\xff\x00\x00\x00\x00\x00\x01\x00\x00\x00x"), uint16(100))
	f.Add([]byte("\x01\x00\x00"), uint16(2))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		run := func(u *upgrader, from io.Reader, out []byte) (got []byte, err error) {
			defer u.free()
			for err == nil {
				var n int
				n, err = u.read(from, out)
				got = append(got, out[:n]...)
			}
			return got, err
		}
		whole, err := run(newUpgrader(nil), bytes.NewReader(b), make([]byte, 1<<16))
		early := min(int(size), len(b))
		pieces, errPieces := run(newUpgrader(b[:early]), iotest.OneByteReader(bytes.NewReader(b[early:])), make([]byte, int(size)+1))
		if !bytes.Equal(whole, pieces) || err.Error() != errPieces.Error() {
			t.Fatalf("%x: %x, %v; in pieces %x, %v", b, whole, err, pieces, errPieces)
		}
		if want := upgraded(b); !bytes.HasPrefix(whole, want) {
			t.Fatalf("%x: %x, want %x first", b, whole, want)
		}
	})
}
