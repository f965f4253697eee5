// Package z85 writes octets as text and reads them back (RFC 32): five
// printable characters for four octets, none of them a blank, a quote or a
// backslash. It is how ZeroMQ writes keys.
package z85

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

const base = uint64(len(alphabet))

// What Decode finds wrong. The errors do not repeat the text, which may be a
// secret.
var (
	// ErrLength says that a text is not of five characters for each four octets.
	ErrLength = errors.New("z85: text is not a multiple of 5 characters")
	// ErrCharacter says that a character is none of the alphabet.
	ErrCharacter = errors.New("z85: not in the alphabet")
	// ErrOverflow says that five characters stand for more than 32 bits.
	ErrOverflow = errors.New("z85: 5 characters stand for more than 4 octets")
)

// Encode returns b as text. The length of b must be a multiple of four; another
// one is a mistake of the program, and Encode panics.
func Encode(b []byte) string {
	if len(b)%4 != 0 {
		panic(fmt.Sprintf("z85: %d octets, want a multiple of 4", len(b)))
	}
	text := make([]byte, 0, len(b)/4*5)
	for ; len(b) > 0; b = b[4:] {
		n := uint64(binary.BigEndian.Uint32(b))
		text = append(text,
			alphabet[n/(base*base*base*base)],
			alphabet[n/(base*base*base)%base],
			alphabet[n/(base*base)%base],
			alphabet[n/base%base],
			alphabet[n%base])
	}
	return string(text)
}

// Decode returns the octets of a text. Errors match ErrLength, ErrCharacter or
// ErrOverflow, and say where in the text, counted from 1.
func Decode(text string) ([]byte, error) {
	if len(text)%5 != 0 {
		return nil, fmt.Errorf("%w: %d", ErrLength, len(text))
	}
	b := make([]byte, 0, len(text)/5*4)
	for at := 0; at < len(text); at += 5 {
		n := uint64(0)
		for i := at; i < at+5; i++ {
			digit := value(text[i])
			if digit < 0 {
				return nil, fmt.Errorf("%w: character %d", ErrCharacter, i+1)
			}
			n = n*base + uint64(digit)
		}
		if n > math.MaxUint32 {
			return nil, fmt.Errorf("%w: characters %d to %d", ErrOverflow, at+1, at+5)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b, nil
}

// value returns what a character stands for, or -1. It looks at the whole
// alphabet, so that the time it takes does not depend on the character: it may
// be one of a secret key.
func value(c byte) int {
	v := -1
	for i := range len(alphabet) {
		same := (int(c^alphabet[i]) - 1) >> 8 // -1 if they are equal, 0 if not
		v = v&^same | i&same
	}
	return v
}
