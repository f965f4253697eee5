package curve

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// The vectors of RFC 32 and of libzmq's test_base85, and the least and the most
// that five characters stand for.
var z85Vectors = map[string]string{
	"":           "",
	"HelloWorld": "864fd26fb559f75b",
	"00000":      "00000000",
	"00001":      "00000001",
	"%nSc0":      "ffffffff",
	"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7": "54fcba24e93249969316fb617c872bb0c1d1ff14800427c594cbfacf1bc2d652",
	"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6": "8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7",
}

func TestZ85(t *testing.T) {
	for text, digits := range z85Vectors {
		octets, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		if got := encodeZ85(octets); got != text {
			t.Errorf("%x is %q, want %q", octets, got, text)
		}
		if got, err := decodeZ85(text); err != nil || !bytes.Equal(got, octets) {
			t.Errorf("%q is %x, %v, want %x", text, got, err, octets)
		}
	}
}

// What stands for no octets is refused, and does not come back in the error.
func TestZ85Refuses(t *testing.T) {
	for text, want := range map[string]string{
		"0":          "1 characters, expected a multiple of 5",
		"HelloWorl":  "9 characters",
		"#####":      "characters 1 to 5 stand for more than 4 octets",
		"%nSc1":      "characters 1 to 5 stand for more than 4 octets",
		"Hello#####": "characters 6 to 10",
		"Hello Worl": "character 6 is none of Z85",
		"Hell\"":     "character 5 is none",
		"\x00ello":   "character 1 is none",
		"Hell\xff":   "character 5 is none",
		"0000~":      "character 5 is none",
		"0000,0000;": "character 5 is none",
	} {
		b, err := decodeZ85(text)
		if err == nil || b != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), text[1:]) && len(text) > 1 {
			t.Errorf("%q is %x, %v, want an error with %q", text, b, err, want)
		}
	}
}

// What decodes encodes to the same, and there is but one way to write octets.
func FuzzZ85(f *testing.F) {
	for text := range z85Vectors {
		f.Add(text)
	}
	f.Add("#####")
	f.Add("%nSc1")
	f.Add("\xff\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, text string) {
		octets, err := decodeZ85(text)
		if err == nil && (encodeZ85(octets) != text || len(octets)*5 != len(text)*4) {
			t.Fatalf("%q is %x, which is %q", text, octets, encodeZ85(octets))
		}
		whole := []byte(text)[:len(text)/4*4]
		if again, err := decodeZ85(encodeZ85(whole)); err != nil || !bytes.Equal(again, whole) {
			t.Fatalf("%x is %q, which is %x, %v", whole, encodeZ85(whole), again, err)
		}
	})
}
