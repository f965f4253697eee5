package curve

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"

	"github.com/brokerless/brokerless/internal/z85"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// SecretKey is a secret key: 32 octets that nobody else may see. It does not show
// itself when it is printed, logged or encoded, alone or as part of something
// else; [SecretKey.Reveal] does. The zero SecretKey is none. Secret keys cannot be
// compared with ==; their public keys can.
type SecretKey struct {
	// Held by a function, into which printing does not see, for in a field that
	// is not exported it cannot call the methods below. It follows a pointer, if
	// the verb is one that pointers do not have.
	octets func() *[Size]byte
}

const hidden = "(secret key not shown)"

// NewSecretKey returns the secret key of these octets, which have to come from
// where nobody can guess them. [NewKeyPair] makes one that does.
func NewSecretKey(octets [Size]byte) SecretKey {
	return SecretKey{func() *[Size]byte { return &octets }}
}

// ParseSecretKey returns the secret key that text, 40 characters of Z85, stands
// for. The error does not hold any of them.
func ParseSecretKey(text string) (SecretKey, error) {
	b, err := parse(text)
	if err != nil {
		return SecretKey{}, fmt.Errorf("secret key: %w", err)
	}
	return NewSecretKey([Size]byte(b)), nil
}

func newSecretKey() (SecretKey, error) {
	var octets [Size]byte
	if _, err := rand.Read(octets[:]); err != nil {
		return SecretKey{}, fmt.Errorf("no random octets: %w", err)
	}
	return NewSecretKey(octets), nil
}

// Public returns the public key that belongs to the secret one; of none, it is
// all zeros.
func (s SecretKey) Public() Key {
	if s.octets == nil {
		return Key{}
	}
	public, err := zmtp.CurvePublic(s.octets())
	if err != nil {
		return Key{} // never: what it is multiplied with is of high order
	}
	return public
}

// Reveal returns the key in Z85, to be stored where secrets are kept.
func (s SecretKey) Reveal() string {
	if s.octets == nil {
		return ""
	}
	return z85.Encode(s.octets()[:])
}

// missing reports whether there is no key, or the one of zeros that stands for
// none in the certificates of czmq.
func (s SecretKey) missing() bool { return s.octets == nil || *s.octets() == [Size]byte{} }

// String returns a text without the key.
func (SecretKey) String() string { return hidden }

// Format writes a text without the key, whatever is asked for.
func (SecretKey) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) } //nolint:errcheck // fmt looks at what comes of it

// GoString returns a text without the key.
func (SecretKey) GoString() string { return hidden }

// LogValue returns a text without the key.
func (SecretKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText returns a text without the key, which UnmarshalText refuses.
func (SecretKey) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText is ParseSecretKey.
func (s *SecretKey) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSecretKey(string(text))
	return err
}
