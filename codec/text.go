package codec

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Text returns the codec of strings: their octets, which are UTF-8. Others are
// refused with ErrMalformed, or ErrValue when they are to be sent.
func Text() Codec[string] { return text{} }

type text struct{}

func (text) Append(dst []byte, v string) ([]byte, error) {
	if i := invalidUTF8(v); i >= 0 {
		return dst, Failed[string]("text", "encode", fmt.Errorf("%w: no UTF-8 at octet %d", ErrValue, i))
	}
	return append(dst, v...), nil
}

func (text) Decode(src []byte, v *string) error {
	*v = ""
	s := string(src)
	if i := invalidUTF8(s); i >= 0 {
		return Failed[string]("text", "decode", fmt.Errorf("%w: no UTF-8 at octet %d", ErrMalformed, i))
	}
	*v = s
	return nil
}

// invalidUTF8 returns where s stops to be UTF-8, or -1.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

// Bytes returns the codec of octets as they are. What it decodes is a copy.
func Bytes() Codec[[]byte] { return octets{} }

type octets struct{}

func (octets) Append(dst, v []byte) ([]byte, error) { return append(dst, v...), nil }

func (octets) Decode(src []byte, v *[]byte) error {
	*v = bytes.Clone(src)
	if *v == nil {
		*v = []byte{}
	}
	return nil
}
