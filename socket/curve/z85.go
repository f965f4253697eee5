package curve

import (
	"encoding/binary"
	"fmt"
)

// z85 are the digits of Z85 (RFC 32), in order of their value.
const z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

const (
	z85Octets = 4 // that go together
	z85Digits = 5 // that they become
)

// encodeZ85 returns b, of which the length is a multiple of 4, in Z85.
func encodeZ85(b []byte) string {
	text := make([]byte, 0, len(b)/z85Octets*z85Digits)
	for ; len(b) >= z85Octets; b = b[z85Octets:] {
		value := binary.BigEndian.Uint32(b)
		for power := uint32(85 * 85 * 85 * 85); power > 0; power /= 85 {
			text = append(text, z85[value/power%85])
		}
	}
	return string(text)
}

// decodeZ85 returns the octets that text stands for. An error says where it is
// wrong, not what stands there, which may be part of a secret.
func decodeZ85(text string) ([]byte, error) {
	if len(text)%z85Digits != 0 {
		return nil, fmt.Errorf("%d characters, expected a multiple of %d", len(text), z85Digits)
	}
	b := make([]byte, 0, len(text)/z85Digits*z85Octets)
	for i := 0; i < len(text); i += z85Digits {
		value := uint64(0)
		for j := range z85Digits {
			digit := z85Value(text[i+j])
			if digit < 0 {
				return nil, fmt.Errorf("character %d is none of Z85", i+j+1)
			}
			value = 85*value + uint64(digit)
		}
		if value > 1<<32-1 {
			return nil, fmt.Errorf("characters %d to %d stand for more than 4 octets", i+1, i+z85Digits)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(value))
	}
	return b, nil
}

// z85Value returns the value of a digit, or -1 if it is none. It looks at all of
// them, so that the time it takes says nothing of a secret key.
func z85Value(c byte) int {
	value := -1
	for i := range len(z85) {
		if z85[i] == c {
			value = i
		}
	}
	return value
}
