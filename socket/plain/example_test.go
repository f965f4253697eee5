package plain_test

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/plain"
)

// A server that asks for a password, and a client that has it.
func Example() {
	ctx := context.Background()

	pull := must(socket.NewPull(
		socket.WithSecurity(plain.Server()),
		socket.WithAuthenticator(socket.AuthenticatorFunc(
			func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
				if subtle.ConstantTimeCompare([]byte(c.Password), []byte("only an example")) == 1 {
					return socket.Admission{UserID: c.Username}, nil
				}
				return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: "wrong password"}
			}))))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))

	push := must(socket.NewPush(socket.WithSecurity(plain.Client("ann", "only an example"))))
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("hello")))

	m, peer, err := pull.RecvFrom(ctx)
	check(err)
	fmt.Printf("%s from %s\n", m[0], peer.UserID)
	// Output:
	// hello from ann
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
