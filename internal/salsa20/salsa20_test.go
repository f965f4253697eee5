package salsa20

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/crypto/salsa20/salsa" //nolint:staticcheck // what ours is held against
)

// widths are the ways that this processor has.
func widths() []bool {
	if hasWide() {
		return []bool{false, true}
	}
	return []bool{false}
}

// random returns a key, a counter at a block, and octets.
func random(seed byte, n int, from uint64) (key [32]byte, counter [16]byte, text []byte) {
	r := rand.NewChaCha8([32]byte{seed})
	text = make([]byte, n)
	for _, b := range [][]byte{key[:], counter[:8], text} {
		_, _ = r.Read(b) // never fails
	}
	binary.LittleEndian.PutUint64(counter[8:], from)
	return key, counter, text
}

// Whatever is made at once, the octets are those of golang.org/x/crypto, which in turn
// is held against the vectors of eSTREAM.
func TestOctets(t *testing.T) {
	sizes := []int{2047, 2048, 2049, 65536, 70_001}
	for n := range 1200 {
		sizes = append(sizes, n)
	}
	for _, wide := range widths() {
		for i, n := range sizes {
			for _, from := range []uint64{0, 1, 8, math.MaxUint32 - 9, math.MaxUint32, 1<<33 - 1} {
				key, counter, text := random(byte(i), n, from)
				want := make([]byte, n)
				salsa.XORKeyStream(want, text, &counter, &key)
				got := append(make([]byte, n), "behind"...)
				xor(got[:n], text, counter, &key, wide)
				if !bytes.Equal(got[:n], want) || string(got[n:]) != "behind" {
					t.Fatalf("%d octets from block %d on, wide %t: %x, want %x", n, from, wide, got, want)
				}
				if xor(text, text, counter, &key, wide); !bytes.Equal(text, want) {
					t.Fatalf("%d octets from block %d on, wide %t: others in place", n, from, wide)
				}
			}
		}
	}
}

// What is made in parts is what is made at once.
func TestParts(t *testing.T) {
	key, counter, text := random(1, 3000, 0)
	want := slices.Clone(text)
	XORKeyStream(want, want, &counter, &key)
	got := make([]byte, len(text))
	for at := 0; at < len(text); {
		n := AtOnce(1 + at%MaxAtOnce)
		to := min(at+n, len(text))
		binary.LittleEndian.PutUint64(counter[8:], uint64(at/Block))
		XORKeyStream(got[at:], text[at:to], &counter, &key)
		at = to
	}
	if !bytes.Equal(got, want) {
		t.Error("octets made in parts are others")
	}
}

func TestAtOnce(t *testing.T) {
	for _, wide := range []bool{false, true} {
		for n := range MaxAtOnce + 1 {
			if got := atOnce(n, wide); got < n || got > MaxAtOnce || got%Block != 0 || got == 0 {
				t.Errorf("%d for %d octets, wide %t", got, n, wide)
			}
		}
	}
}

func TestDerive(t *testing.T) {
	// HSalsa20 of the first example in "Cryptography in NaCl" by D. J. Bernstein,
	// section 8: from the shared secret to the first key.
	shared := [32]byte{
		0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1, 0x72, 0x8e, 0x3b, 0xf4, 0x80, 0x35, 0x0f, 0x25,
		0xe0, 0x7e, 0x21, 0xc9, 0x47, 0xd1, 0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42,
	}
	want := [32]byte{
		0x1b, 0x27, 0x55, 0x64, 0x73, 0xe9, 0x85, 0xd4, 0x62, 0xcd, 0x51, 0x19, 0x7a, 0x9a, 0x46, 0xc7,
		0x60, 0x09, 0x54, 0x9e, 0xac, 0x64, 0x74, 0xf2, 0x06, 0xc4, 0xee, 0x08, 0x44, 0xf6, 0x83, 0x89,
	}
	if got := Derive(&shared, new([16]byte)); got != want {
		t.Errorf("%x, want %x", got, want)
	}
}

func BenchmarkXORKeyStream(b *testing.B) {
	key, counter, text := random(1, 1<<16, 0)
	for _, wide := range widths() {
		name := map[bool]string{false: "narrow", true: "wide"}[wide]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				xor(text, text, counter, &key, wide)
			}
		})
	}
}
