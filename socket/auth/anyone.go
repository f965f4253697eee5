package auth

import (
	"context"

	"github.com/brokerless/brokerless/socket"
)

// Anyone returns an authenticator that lets everybody in. Under CURVE traffic is
// encrypted all the same, and the peer's key, as Z85 text, is its user id; under
// PLAIN the user name is taken as it comes, unproven, and is no user id.
func Anyone() socket.Authenticator {
	return socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		if key, ok := keyOf(c); ok {
			return socket.Admission{UserID: text(key)}, nil
		}
		return socket.Admission{}, nil
	})
}
