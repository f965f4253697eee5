package curve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

// A server that lets one client in, by its key, and a client that knows the key
// of the server.
func Example() {
	ctx := context.Background()
	server, ann := must(curve.NewKeyPair()), must(curve.NewKeyPair())

	pull := must(socket.NewPull(
		socket.WithSecurity(curve.Server(server)),
		socket.WithAuthenticator(socket.AuthenticatorFunc(
			func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
				if bytes.Equal(c.Key, ann.Public[:]) {
					return socket.Admission{UserID: "ann"}, nil
				}
				return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: "not on the list"}
			}))))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))

	push := must(socket.NewPush(socket.WithSecurity(curve.Client(server.Public, ann))))
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("for your eyes only")))

	m, peer, err := pull.RecvFrom(ctx)
	check(err)
	fmt.Printf("%s from %s\n", m[0], peer.UserID)
	// Output:
	// for your eyes only from ann
}

// Keys live in two files: one for the owner alone, and one to give away.
func ExampleWriteKeyPair() {
	folder := must(os.MkdirTemp("", "keys"))
	defer os.RemoveAll(folder)
	secret, public := filepath.Join(folder, "server.key_secret"), filepath.Join(folder, "server.key")

	pair := must(curve.NewKeyPair())
	check(curve.WriteKeyPair(secret, pair))
	check(curve.WriteKey(public, pair.Public))

	again := must(curve.ReadKeyPair(secret))
	fmt.Println("the same:", again.Public == must(curve.ReadKey(public)))
	fmt.Println("overwritten:", !errors.Is(curve.WriteKeyPair(secret, again), os.ErrExist))
	// Output:
	// the same: true
	// overwritten: false
}

// Printing a key pair shows what others may see of it.
func ExampleKeyPair() {
	secret := must(curve.ParseSecretKey("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"))
	fmt.Println(curve.KeyPair{Public: secret.Public(), Secret: secret})
	// Output:
	// {rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 (secret key not shown)}
}

// In a mesh each one is both: a server for who comes, a client where it goes.
func ExamplePeers() {
	ctx := context.Background()
	ann, bob := must(curve.NewKeyPair()), must(curve.NewKeyPair())
	all := []curve.Key{ann.Public, bob.Public}
	at := map[string]curve.Key{}
	serverKey := func(c socket.Connection) (curve.Key, error) {
		key, ok := at[c.Endpoint]
		if !ok {
			return key, errors.New("not a member")
		}
		return key, nil
	}
	members := socket.WithAuthenticator(socket.AuthenticatorFunc(
		func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			for _, key := range all {
				if bytes.Equal(c.Key, key[:]) {
					return socket.Admission{}, nil
				}
			}
			return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: "not a member"}
		}))

	a := must(socket.NewDealer(socket.WithSecurity(curve.Peers(ann, serverKey)), members))
	defer a.Close()
	b := must(socket.NewDealer(socket.WithSecurity(curve.Peers(bob, serverKey)), members))
	defer b.Close()
	endpoint := must(a.Bind("tcp://127.0.0.1:0"))
	at[endpoint] = ann.Public

	check(b.Connect(endpoint))
	check(b.Send(ctx, []byte("hello, ann")))
	fmt.Println(must(a.Recv(ctx)))
	// Output:
	// ["hello, ann"]
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
