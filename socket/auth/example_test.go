package auth_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/transport/inproc"
)

// A socket that talks to this host alone, whatever it is bound to.
func ExampleNetworks() {
	local, err := auth.ParseNetworks("127.0.0.0/8", "::1")
	if err != nil {
		log.Fatal(err)
	}
	pull, err := socket.NewPull(socket.WithAuthenticator(auth.OneOf(auth.Networks(local...), auth.Local())))
	if err != nil {
		log.Fatal(err)
	}
	defer pull.Close()
	endpoint, err := pull.Bind("tcp://127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	push, err := socket.NewPush()
	if err != nil {
		log.Fatal(err)
	}
	defer push.Close()
	if err := push.Connect(endpoint); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := push.Send(ctx, []byte("from near")); err != nil {
		log.Fatal(err)
	}
	m, err := pull.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m)
	// Output: ["from near"]
}

// A list of keys in a file, for the server of CURVE.
func ExampleKeyFile() {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "clients")
	list := "# those who may send orders\nYne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID ann\n"
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		log.Fatal(err)
	}
	known, err := auth.KeyFile(path)
	if err != nil {
		log.Fatal(err)
	}

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
	known, err := auth.Passwords(map[string]string{"ann": auth.HashPassword("correct horse")})
	if err != nil {
		log.Fatal(err)
	}
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
	rep, err := socket.NewRep(space)
	if err != nil {
		log.Fatal(err)
	}
	defer rep.Close()
	if _, err := rep.Bind(auth.ZAPEndpoint); err != nil {
		log.Fatal(err)
	}
	go rep.Serve(context.Background(), func(_ context.Context, m socket.Message) (socket.Message, error) {
		id, domain, mechanism := m[1], m[2], m[5]
		status, user := "400", ""
		if string(domain) == "orders" && string(mechanism) == "PLAIN" && string(m[7]) == "secret" {
			status, user = "200", string(m[6])
		}
		return socket.Message{[]byte("1.0"), id, []byte(status), nil, []byte(user), nil}, nil
	})

	zap, err := auth.ZAP(space)
	if err != nil {
		log.Fatal(err)
	}
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
	router, err := socket.NewRouter()
	if err != nil {
		log.Fatal(err)
	}
	endpoint, err := router.Bind("ipc://*")
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- auth.ServeZAP(context.Background(), router, auth.Keys(ann)) }()

	zap, err := auth.ZAPAt(endpoint)
	if err != nil {
		log.Fatal(err)
	}
	who, err := zap.Authenticate(context.Background(), socket.Credentials{Mechanism: "CURVE", Key: ann[:]})
	fmt.Println(who.UserID, err)
	zap.Close()
	router.Close()
	fmt.Println(<-ended)
	// Output:
	// Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID <nil>
	// <nil>
}
