package socket

import (
	"context"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// testKeys is the key pair of every socket in the tests: its secret is in no way
// one.
var testKeys = func() (k struct{ public, secret [zmtp.CurveKeySize]byte }) {
	k.secret = [zmtp.CurveKeySize]byte{1, 2, 3}
	k.public = must(zmtp.CurvePublic(&k.secret))
	return k
}()

// testCurve is CURVE with the accepting side as the server.
type testCurve struct{}

func (testCurve) Mechanism() string { return zmtp.CurveName }

func (testCurve) Serves() bool { return true }

func (testCurve) New(c Connection) (zmtp.Mechanism, error) {
	if c.Dialed {
		return zmtp.CurveClient(testKeys.public, &testKeys.public, &testKeys.secret)
	}
	return zmtp.CurveServer(&testKeys.public, &testKeys.secret), nil
}

// Encrypted has a socket of a test speak CURVE: as the server with those it
// accepts, as a client with those it connects to.
func Encrypted() Option {
	return option(func(c *config) {
		WithSecurity(testCurve{}).(option)(c)
		WithAuthenticator(AuthenticatorFunc(func(context.Context, Credentials) (Admission, error) {
			return Admission{}, nil
		})).(option)(c)
	})
}

// Clear has it speak in the clear, as is the default.
func Clear() Option { return option(func(*config) {}) }
