package auth_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/transport/inproc"
)

// A socket that talks to this host alone, whatever it is bound to.
func ExampleNetworks() {
	local := must(auth.ParseNetworks("127.0.0.0/8", "::1"))
	pull := must(socket.NewPull(socket.WithAuthenticator(auth.OneOf(auth.Networks(local...), auth.Local()))))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	push := must(socket.NewPush())
	defer push.Close()
	check(push.Connect(endpoint))
	ctx := context.Background()
	check(push.Send(ctx, []byte("from near")))
	m := must(pull.Recv(ctx))
	fmt.Println(m)
	// Output: ["from near"]
}

// A list of keys in a file, for the server of CURVE.
func ExampleKeyFile() {
	dir := must(os.MkdirTemp("", "keys"))
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "clients")
	list := "# those who may send orders\nYne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID ann\n"
	check(os.WriteFile(path, []byte(list), 0o600))
	known := must(auth.KeyFile(path))

	// The socket asks, when a peer has proved that it has a key.
	who, err := known.Authenticate(context.Background(), socket.Credentials{Mechanism: "CURVE", Key: ann[:]})
	fmt.Println(who.UserID, err)
	_, err = known.Authenticate(context.Background(), socket.Credentials{Mechanism: "CURVE", Key: bob[:]})
	fmt.Println(err)
	// Output:
	// ann <nil>
	// refused with status 400: unknown key rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
}

// A table of passwords, for the server of PLAIN.
func ExamplePasswords() {
	known := must(auth.Passwords(map[string]string{"ann": auth.HashPassword("correct horse")}))
	ctx := context.Background()
	who, err := known.Authenticate(ctx, socket.Credentials{Mechanism: "PLAIN", Username: "ann", Password: "correct horse"})
	fmt.Println(who.UserID, err)
	_, err = known.Authenticate(ctx, socket.Credentials{Mechanism: "PLAIN", Username: "ann", Password: "battery staple"})
	fmt.Println(err)
	// Output:
	// ann <nil>
	// refused with status 400: wrong password of user "ann"
}

func ExampleAll() {
	inside := auth.Networks(netip.MustParsePrefix("10.0.0.0/8"))
	both := auth.All(inside, auth.Keys(ann))
	ctx := context.Background()
	who, err := both.Authenticate(ctx, socket.Credentials{Mechanism: "CURVE", Address: "10.1.2.3", Key: ann[:]})
	fmt.Println(who.UserID, err)
	_, err = both.Authenticate(ctx, socket.Credentials{Mechanism: "CURVE", Address: "192.0.2.7", Key: ann[:]})
	fmt.Println(err)
	// Output:
	// Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID <nil>
	// refused with status 400: address 192.0.2.7, want one in [10.0.0.0/8]
}

// A ZAP handler that somebody has already, as a REP, is asked about each peer.
func ExampleZAP() {
	// A process has one name space, where one handler is bound. This one is apart,
	// so that the other examples have theirs.
	space := socket.WithTransport(inproc.New())
	rep := must(socket.NewRep(space))
	defer rep.Close()
	must(rep.Bind(auth.ZAPEndpoint))
	go rep.Serve(context.Background(), func(_ context.Context, m socket.Message) (socket.Message, error) {
		id, domain, mechanism := m[1], m[2], m[5]
		status, user := "400", ""
		if string(domain) == "orders" && string(mechanism) == "PLAIN" && string(m[7]) == "secret" {
			status, user = "200", string(m[6])
		}
		return socket.Message{[]byte("1.0"), id, []byte(status), nil, []byte(user), nil}, nil
	})

	zap := must(auth.ZAP(space))
	defer zap.Close()
	who, err := zap.Authenticate(context.Background(), socket.Credentials{
		Mechanism: "PLAIN", Domain: "orders", Username: "ann", Password: "secret",
	})
	fmt.Println(who.UserID, err)
	_, err = zap.Authenticate(context.Background(), socket.Credentials{Mechanism: "NULL", Domain: "orders"})
	fmt.Println(err)
	// Output:
	// ann <nil>
	// refused with status 400
}

// One process decides for several, over a socket whose file only they can open.
func ExampleServeZAP() {
	router := must(socket.NewRouter())
	endpoint := must(router.Bind("ipc://*"))
	ended := make(chan error, 1)
	go func() { ended <- auth.ServeZAP(context.Background(), router, auth.Keys(ann)) }()

	zap := must(auth.ZAPAt(endpoint))
	who, err := zap.Authenticate(context.Background(), socket.Credentials{Mechanism: "CURVE", Key: ann[:]})
	fmt.Println(who.UserID, err)
	zap.Close()
	router.Close()
	fmt.Println(<-ended)
	// Output:
	// Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID <nil>
	// <nil>
}
