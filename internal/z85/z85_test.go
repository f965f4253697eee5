package z85

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// The vectors are those of RFC 32 and of libzmq's own tests.
var vectors = []struct {
	octets []byte
	text   string
}{
	{nil, ""},
	{[]byte{0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B}, "HelloWorld"},
	{
		[]byte{
			0x8E, 0x0B, 0xDD, 0x69, 0x76, 0x28, 0xB9, 0x1D, 0x8F, 0x24, 0x55, 0x87, 0xEE, 0x95, 0xC5, 0xB0,
			0x4D, 0x48, 0x96, 0x3F, 0x79, 0x25, 0x98, 0x77, 0xB4, 0x9C, 0xD9, 0x06, 0x3A, 0xEA, 0xD3, 0xB7,
		},
		"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
	},
	{[]byte{0, 0, 0, 0}, "00000"},
	{[]byte{0xFF, 0xFF, 0xFF, 0xFF}, "%nSc0"},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		if got := Encode(v.octets); got != v.text {
			t.Errorf("%x is %q, want %q", v.octets, got, v.text)
		}
		got, err := Decode(v.text)
		if err != nil || !bytes.Equal(got, v.octets) {
			t.Errorf("%q is %x, %v, want %x", v.text, got, err, v.octets)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
		says string
	}{
		{"1234", ErrLength, "4"},
		{"123456", ErrLength, "6"},
		{"00000000 0", ErrCharacter, "character 9"},
		{"\"0000", ErrCharacter, "character 1"},
		{"0000\x00", ErrCharacter, "character 5"},
		{"0000\xff", ErrCharacter, "character 5"},
		{"%nSc1", ErrOverflow, "characters 1 to 5"}, // 2^32
		{"00000#####", ErrOverflow, "characters 6 to 10"},
	} {
		got, err := Decode(c.text)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || got != nil {
			t.Errorf("%q: %x, %v, want %v that says %q", c.text, got, err, c.want, c.says)
		}
	}
}

func TestEncodePanicsOnOtherLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("3 octets were encoded")
		}
	}()
	Encode(make([]byte, 3))
}

// No text stands for the same octets as another one, and none makes Decode panic.
func FuzzZ85(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.text)
	}
	f.Add("#####")
	f.Add("%nSc1")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := Decode(text)
		if err != nil {
			return
		}
		if again := Encode(b); again != text {
			t.Fatalf("%q is %x, which is %q", text, b, again)
		}
	})
}
