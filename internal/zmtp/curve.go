package zmtp

import (
	"fmt"
	"io"

	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/nacl/box"

	"github.com/brokerless/brokerless/internal/salsa20"
)

// CurveName is the name of the mechanism with public keys.
const CurveName = "CURVE"

// CurveKeySize is the size of a key of CURVE, public or secret, in octets.
const CurveKeySize = 32

// What is in the commands of the handshake, in octets (RFC 26). Sizes are those
// behind the name of the command.
const (
	curveCounter = 8  // the counter of a nonce
	curveRandom  = 16 // the random octets of a nonce
	cookieSize   = 96

	helloPadding = 72 // zeros, so that HELLO is longer than WELCOME (WT-70)
	helloPlain   = 64 // zeros
	helloSize    = 2 + helloPadding + CurveKeySize + curveCounter + box.Overhead + helloPlain

	welcomePlain = CurveKeySize + cookieSize
	welcomeSize  = curveRandom + box.Overhead + welcomePlain

	vouchPlain    = 2 * CurveKeySize
	vouchSize     = curveRandom + box.Overhead + vouchPlain
	initiateFixed = CurveKeySize + vouchSize // of the box, before the metadata
	initiateSize  = cookieSize + curveCounter + box.Overhead + initiateFixed

	readySize = curveCounter + box.Overhead // and metadata
)

// The beginnings of the nonces; the rest is a counter or random. There is one
// for each use of a key, so that a box of one kind is never taken for another.
const (
	nonceHello         = "CurveZMQHELLO---"
	nonceWelcome       = "WELCOME-"
	nonceInitiate      = "CurveZMQINITIATE"
	nonceVouch         = "VOUCH---"
	nonceReady         = "CurveZMQREADY---"
	nonceMessageClient = "CurveZMQMESSAGEC"
	nonceMessageServer = "CurveZMQMESSAGES"
)

// curvePair is a key pair of one side.
type curvePair struct {
	public, secret [CurveKeySize]byte
}

// newCurvePair makes a key pair for one connection (WT-86).
func newCurvePair(random io.Reader) (p curvePair, err error) {
	if err := readRandom(random, p.secret[:]); err != nil {
		return p, err
	}
	p.public, err = CurvePublic(&p.secret)
	return p, err
}

func readRandom(random io.Reader, b []byte) error {
	if _, err := io.ReadFull(random, b); err != nil {
		return fmt.Errorf("no random octets: %w", err)
	}
	return nil
}

// CurvePublic returns the public key of a secret one.
func CurvePublic(secret *[CurveKeySize]byte) (public [CurveKeySize]byte, err error) {
	point, err := curve25519.X25519(secret[:], curve25519.Basepoint)
	copy(public[:], point)
	return public, err
}

// curveShared returns the key of the boxes between the owner of public and that
// of secret. It refuses the public keys of low order, all zeros among them,
// with which the result does not depend on the secret.
func curveShared(public, secret *[CurveKeySize]byte) (*[32]byte, error) {
	point, err := curve25519.X25519(secret[:], public[:])
	if err != nil {
		return nil, &ProtocolError{BadCrypto, "a key of low order", "a public key"}
	}
	shared := (*[32]byte)(point)
	derived := salsa20.Derive(shared, new([16]byte))
	return &derived, nil
}

// curveNonce returns the nonce of prefix and tail, which are 24 octets together.
func curveNonce(prefix string, tail []byte) *[24]byte {
	nonce := new([24]byte)
	copy(nonce[copy(nonce[:], prefix):], tail)
	return nonce
}

// openBox returns what is in a box of the peer.
func openBox(name string, b []byte, nonce *[24]byte, key *[32]byte) ([]byte, error) {
	plain, ok := box.OpenAfterPrecomputation(nil, b, nonce, key)
	if !ok {
		return nil, badBox(name)
	}
	return plain, nil
}

// badBox does not say more: which of the keys is wrong cannot be told.
func badBox(name string) error {
	return &ProtocolError{BadCrypto, name + " with a box that does not open", "one made with the right keys"}
}

// take cuts the first n octets off b, which has them.
func take(b *[]byte, n int) []byte {
	part := (*b)[:n:n]
	*b = (*b)[n:]
	return part
}
