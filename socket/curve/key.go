package curve

import (
	"errors"
	"fmt"

	"github.com/brokerless/brokerless/internal/z85"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// Size is the length of a key, public or secret, in octets.
const Size = zmtp.CurveKeySize

// textSize is the length of a key in Z85.
const textSize = Size / 4 * 5

// Key is a public key: 32 octets, to be shown to everybody. Keys can be compared
// with ==. As text, a key is Z85.
type Key [Size]byte

// ParseKey returns the public key that text, 40 characters of Z85, stands for.
// For a key of 32 octets, convert: Key(octets).
func ParseKey(text string) (Key, error) {
	b, err := parse(text)
	if err != nil {
		return Key{}, fmt.Errorf("public key: %w", err)
	}
	return Key(b), nil
}

func parse(text string) ([]byte, error) {
	if len(text) != textSize {
		return nil, fmt.Errorf("%d characters, expected %d of Z85", len(text), textSize)
	}
	return z85.Decode(text)
}

// String returns the key in Z85, 40 characters.
func (k Key) String() string { return z85.Encode(k[:]) }

// MarshalText returns the key in Z85.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText is ParseKey.
func (k *Key) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKey(string(text))
	return err
}

// KeyPair is who one side is: the public key that others know it by, and the
// secret key with which it proves that it is that one.
type KeyPair struct {
	Public Key
	Secret SecretKey
}

// NewKeyPair makes a key pair from the randomness of the operating system.
func NewKeyPair() (KeyPair, error) {
	secret, err := newSecretKey()
	if err != nil {
		return KeyPair{}, err
	}
	return KeyPair{Public: secret.Public(), Secret: secret}, nil
}

// Validate reports what no connection can come of: a secret key that is missing
// or all zeros, or a public key that does not belong to it.
func (p KeyPair) Validate() error {
	switch {
	case p.Secret.missing():
		return errors.New("no secret key")
	case p.Secret.Public() != p.Public:
		return fmt.Errorf("the public key %v does not belong to the secret one, %v does", p.Public, p.Secret.Public())
	}
	return nil
}
