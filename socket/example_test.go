package socket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A PUSH and a PULL, the shortest way from one program to another. Either end
// may bind and either may start first.
func ExampleNewPush() {
	ctx := context.Background()

	pull := must(socket.NewPull())
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:0")) // gives back the real port

	push := must(socket.NewPush())
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("hello")))
	check(push.Send(ctx, []byte("a message"), []byte("of two frames")))

	fmt.Println(must(pull.Recv(ctx)))
	fmt.Println(must(pull.Recv(ctx)))
	// Output:
	// ["hello"]
	// ["a message" "of two frames"]
}

// The loop ends when ctx is done, which is the last error it sees, or in
// silence when the socket is closed.
func ExamplePull_Messages() {
	ctx := context.Background()

	pull := must(socket.NewPull())
	defer pull.Close()
	must(pull.Bind("inproc://example-messages"))

	push := must(socket.NewPush())
	defer push.Close()
	check(push.Connect("inproc://example-messages"))
	for _, word := range []string{"one", "two", "three"} {
		check(push.Send(ctx, []byte(word)))
	}

	for m, err := range pull.Messages(ctx) {
		check(err)
		fmt.Printf("%s\n", m[0])
		if string(m[0]) == "three" {
			break
		}
	}
	// Output:
	// one
	// two
	// three
}

// Without a deadline Send waits until a peer has room. TrySend says so at once.
func ExamplePush_TrySend() {
	push := must(socket.NewPush())
	defer push.Close()

	err := push.TrySend([]byte("nobody is there"))
	fmt.Println(errors.Is(err, socket.ErrWouldBlock), err)
	// Output:
	// true brokerless: PUSH send: would block
}

// What is published before a subscriber has come is not kept for it. A
// publisher that must not start too early waits.
func ExamplePub_WaitSubscribers() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	pub := must(socket.NewPub())
	defer pub.Close()
	endpoint := must(pub.Bind("tcp://127.0.0.1:0"))

	sub := must(socket.NewSub())
	defer sub.Close()
	check(sub.Subscribe("weather/"))
	check(sub.Connect(endpoint))

	check(pub.WaitSubscribers(ctx, "weather/", 1))
	check(pub.Send(ctx, []byte("traffic/berlin"), []byte("jam"))) // to nobody
	check(pub.Send(ctx, []byte("weather/berlin"), []byte("rain")))

	fmt.Println(must(sub.Recv(ctx)))
	// Output:
	// ["weather/berlin" "rain"]
}

// A request without an answer fails at its deadline, and the socket is ready
// for the next one.
func ExampleReq_Request() {
	ctx := context.Background()

	req := must(socket.NewReq())
	defer req.Close()
	check(req.Connect("inproc://example-request"))

	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err := req.Request(soon, []byte("is anybody there?"))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	rep := must(socket.NewRep())
	defer rep.Close()
	must(rep.Bind("inproc://example-request"))
	go func() {
		check(rep.Serve(ctx, func(_ context.Context, request socket.Message) (socket.Message, error) {
			return socket.Message{[]byte("yes, you asked"), request[0]}, nil
		}))
	}()

	fmt.Println(must(req.Request(ctx, []byte("and now?"))))
	// Output:
	// true
	// ["yes, you asked" "and now?"]
}

// Serve ends with nil when the socket is closed.
func ExampleRep_Serve() {
	ctx := context.Background()

	rep := must(socket.NewRep())
	endpoint := must(rep.Bind("tcp://127.0.0.1:0"))
	served := make(chan error)
	go func() {
		served <- rep.Serve(ctx, func(_ context.Context, request socket.Message) (socket.Message, error) {
			return socket.Message{bytes.ToUpper(request[0])}, nil
		})
	}()

	req := must(socket.NewReq())
	defer req.Close()
	check(req.Connect(endpoint))
	reply := must(req.Request(ctx, []byte("hello")))
	fmt.Printf("%s\n", reply[0])

	check(rep.Close())
	fmt.Println("served:", <-served)
	// Output:
	// HELLO
	// served: <nil>
}

// A ROUTER names the peer it sends to: by the identity that the peer announced,
// or by the one that came with a message of it.
func ExampleRouter_SendTo() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	router := must(socket.NewRouter())
	defer router.Close()
	endpoint := must(router.Bind("tcp://127.0.0.1:0"))

	dealer := must(socket.NewDealer(socket.WithIdentity([]byte("worker-1"))))
	defer dealer.Close()
	check(dealer.Connect(endpoint))
	check(router.WaitPeers(ctx, 1))

	check(router.SendTo(ctx, "worker-1", []byte("job 7")))
	fmt.Println(must(dealer.Recv(ctx)))

	check(dealer.Send(ctx, []byte("job 7 done")))
	m := must(router.Recv(ctx)) // the sender's identity is the first frame
	fmt.Printf("%s: %s\n", m[0], m[1])

	err := router.SendTo(ctx, "worker-2", []byte("job 8"))
	fmt.Println(errors.Is(err, socket.ErrNoRoute))
	// Output:
	// ["job 7"]
	// worker-1: job 7 done
	// true
}

// What happens to peers is told by events, never by an error of Recv.
func ExampleMonitor() {
	ctx := context.Background()

	pull := must(socket.NewPull())
	events := pull.Monitor() // sees everything from here on
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))

	push := must(socket.NewPush())
	check(push.Connect(endpoint))

	for e := range events.Events(ctx) {
		fmt.Println(e.Kind)
		switch e.Kind {
		case socket.EventReady:
			check(push.Close())
		case socket.EventDisconnected:
			check(pull.Close()) // and that ends the loop
		}
	}
	// Output:
	// listening
	// accepted
	// ready
	// disconnected
	// unbound
}

// Close sends what is queued for at most the linger time, and says how many
// messages it had to give up.
func ExampleUnsentError() {
	ctx := context.Background()

	push := must(socket.NewPush(socket.WithLinger(20 * time.Millisecond)))
	check(push.Connect("inproc://example-nobody-binds-this"))
	check(push.Send(ctx, []byte("one")))
	check(push.Send(ctx, []byte("two")))

	err := push.Close()
	var unsent *socket.UnsentError
	if errors.As(err, &unsent) {
		fmt.Println(unsent.Messages, "messages lost")
	}
	fmt.Println(err)
	// Output:
	// 2 messages lost
	// brokerless: PUSH close: 2 messages abandoned unsent
}

// A socket takes listeners and connections that somebody else made, here those
// of crypto/tls.
func ExamplePull_BindListener() {
	ctx := context.Background()
	server, client := tlsConfigs()

	l := must(tls.Listen("tcp", "127.0.0.1:0", server))
	pull := must(socket.NewPull())
	defer pull.Close()
	check(pull.BindListener(l))

	conn := must(tls.Dial("tcp", l.Addr().String(), client))
	push := must(socket.NewPush())
	defer push.Close()
	check(push.AttachConn(conn))
	check(push.Send(ctx, []byte("in private")))

	fmt.Println(must(pull.Recv(ctx)))
	// Output:
	// ["in private"]
}

// Two sockets on the ends of a net.Pipe: a test needs no network.
func ExamplePair_AttachConn() {
	ctx := context.Background()
	near, far := net.Pipe()

	alice := must(socket.NewPair())
	defer alice.Close()
	check(alice.AttachConn(near))

	bob := must(socket.NewPair())
	defer bob.Close()
	check(bob.AttachConn(far))

	check(alice.Send(ctx, []byte("ping")))
	fmt.Println(must(bob.Recv(ctx)))
	check(bob.Send(ctx, []byte("pong")))
	fmt.Println(must(alice.Recv(ctx)))
	// Output:
	// ["ping"]
	// ["pong"]
}

// Every message is accounted for: delivered, dropped for a reason, or queued.
func ExampleRouter_Stats() {
	ctx := context.Background()

	router := must(socket.NewRouter(socket.WithSilentDrop()))
	defer router.Close()
	check(router.SendTo(ctx, "nobody", []byte("hello")))

	out := router.Stats().Out
	fmt.Println("accepted", out.Messages, "delivered", out.Delivered, "queued", out.Queued)
	fmt.Println("dropped for want of a route:", out.Dropped[socket.DropNoRoute])
	// Output:
	// accepted 1 delivered 0 queued 0
	// dropped for want of a route: 1
}

// tlsConfigs returns configurations for both ends that trust each other, taken
// from a test server of net/http. A program has certificates of its own.
func tlsConfigs() (server, client *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	return &tls.Config{Certificates: s.TLS.Certificates}, client
}

// must returns v. Where the examples panic, a program handles the error.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
