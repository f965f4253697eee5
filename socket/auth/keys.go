package auth

import (
	"context"

	"github.com/brokerless/brokerless/internal/z85"
	"github.com/brokerless/brokerless/socket"
)

// A key is the public key of a peer.
type key = [32]byte

// A keyList is who has which key.
type keyList map[key]string

// Keys returns an authenticator that lets in the peers that prove, under CURVE,
// to have one of the keys. The user id is the key as Z85 text. A curve.Key can be
// given as it is.
func Keys(keys ...[32]byte) socket.Authenticator {
	list := make(keyList, len(keys))
	for _, k := range keys {
		list[k] = ""
	}
	return socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		return list.admit(c)
	})
}

// admit lets in who has a key of the list.
func (l keyList) admit(c socket.Credentials) (socket.Admission, error) {
	if err := demand(c, "CURVE"); err != nil {
		return socket.Admission{}, err
	}
	k, ok := keyOf(c)
	if !ok {
		return socket.Admission{}, failed("a key of %d octets, want %d", len(c.Key), len(k))
	}
	user, ok := l[k] // public keys are no secret: the time it takes tells nothing
	if !ok {
		return socket.Admission{}, deny("unknown key %s", text(k))
	}
	if user == "" {
		user = text(k)
	}
	return socket.Admission{UserID: user}, nil
}

// keyOf returns the key that a peer has proved to have.
func keyOf(c socket.Credentials) (k key, ok bool) {
	if c.Mechanism != "CURVE" || len(c.Key) != len(k) {
		return k, false
	}
	return key(c.Key), true
}

func text(k key) string { return z85.Encode(k[:]) }
