package socket_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/brokerless/brokerless/socket"
)

// A queue gets room for more while the socket is at work; whoever waits in Send
// goes on.
func ExamplePush_SetSendHWM() {
	push := must(socket.NewPush(socket.WithSendHWM(2), socket.WithLinger(0)))
	defer push.Close()
	check(push.Connect("inproc://example-nobody-yet"))

	fill := func() (n int) {
		for push.TrySend([]byte("x")) == nil {
			n++
		}
		return n
	}
	fmt.Println(fill())
	check(push.SetSendHWM(5))
	fmt.Println(fill())
	fmt.Println(errors.Is(push.SetSendHWM(-1), socket.ErrOption))
	// Output:
	// 2
	// 3
	// true
}

// A ROUTER calls a peer what it likes, and sends to it before it is there.
func ExampleRouter_ConnectAs() {
	ctx := context.Background()

	router := must(socket.NewRouter())
	defer router.Close()
	check(router.ConnectAs("inproc://example-billing", "billing"))
	check(router.SendTo(ctx, "billing", []byte("are you there?")))

	billing := must(socket.NewDealer())
	defer billing.Close()
	must(billing.Bind("inproc://example-billing"))
	fmt.Println(must(billing.Recv(ctx)))
	check(billing.Send(ctx, []byte("yes")))
	fmt.Println(must(router.Recv(ctx)))
	// Output:
	// ["are you there?"]
	// ["billing" "yes"]
}

// What a server keeps for each peer it can make when the peer comes, and forget
// when it goes.
func ExampleWithNotify() {
	ctx := context.Background()

	router := must(socket.NewRouter(socket.WithNotify(socket.NotifyConnect | socket.NotifyDisconnect)))
	defer router.Close()
	endpoint := must(router.Bind("tcp://127.0.0.1:0"))

	dealer := must(socket.NewDealer(socket.WithIdentity([]byte("ann"))))
	check(dealer.Connect(endpoint))
	check(dealer.Send(ctx, []byte("hello")))
	go dealer.Close()

	there := make(map[string]bool)
	for range 3 {
		m := must(router.Recv(ctx))
		switch id := string(m[0]); {
		case len(m) > 2 || len(m[1]) > 0:
			fmt.Printf("%s says %s\n", id, m[1])
		case !there[id]:
			there[id] = true
			fmt.Println(id, "has come")
		default:
			delete(there, id)
			fmt.Println(id, "has gone")
		}
	}
	// Output:
	// ann has come
	// ann says hello
	// ann has gone
}

// A client that is to fail where the server does not run.
func ExampleWithRedialStop() {
	ctx := context.Background()

	req := must(socket.NewReq(socket.WithRedialStop(socket.StopWhenRefused | socket.StopWhenHandshakeFails)))
	defer req.Close()
	events := req.Monitor()
	check(req.Connect("ipc:///nobody/is/here"))
	for {
		e := must(events.Next(ctx))
		if e.Kind == socket.EventRedialStopped {
			fmt.Println("given up:", e.Endpoint)
			break
		}
	}
	// Output:
	// given up: ipc:///nobody/is/here
}
