package auth_test

import (
	"testing"

	"github.com/brokerless/brokerless/internal/z85"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

var (
	ann = [32]byte(must(z85.Decode(annText)))
	bob = [32]byte(must(z85.Decode(bobText)))
)

func TestKeys(t *testing.T) {
	type named [32]byte // as curve.Key is
	a := auth.Keys(ann, named(bob))
	admits(t, a, curve(ann), annText)
	admits(t, a, curve(bob), bobText)
	other := ann
	other[31] ^= 0x80
	refuses(t, a, curve(other), socket.AuthDenied, "unknown key", z85.Encode(other[:]))
	refuses(t, auth.Keys(), curve(ann), socket.AuthDenied)
	refuses(t, auth.Keys(), curve([32]byte{}), socket.AuthDenied)
}

// Only what CURVE proves is a key.
func TestKeysWithOtherCredentials(t *testing.T) {
	a := auth.Keys(ann)
	for _, mechanism := range []string{"NULL", "PLAIN", "", "curve"} {
		c := curve(ann)
		c.Mechanism = mechanism
		refuses(t, a, c, socket.AuthDenied, "want CURVE")
	}
	for _, size := range []int{0, 31} {
		c := curve(ann)
		c.Key = c.Key[:size]
		refuses(t, a, c, socket.AuthInternal, "octets")
	}
	c := curve(ann)
	c.Key = append(c.Key, 0)
	refuses(t, a, c, socket.AuthInternal, "33 octets")
}
