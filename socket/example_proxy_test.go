package socket_test

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/socket"
)

// A broker between clients and workers that need not know each other.
func ExampleProxy() {
	ctx := context.Background()
	clients, err := socket.NewRouter()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clients.Close()
	workers, err := socket.NewDealer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer workers.Close()
	front, err1 := clients.Bind("tcp://127.0.0.1:0")
	back, err2 := workers.Bind("tcp://127.0.0.1:0")
	if err1 != nil || err2 != nil {
		fmt.Println(err1, err2)
		return
	}
	var control socket.ProxyControl
	ended := make(chan error, 1)
	go func() { ended <- socket.Proxy(ctx, clients, workers, socket.WithSteering(&control)) }()

	worker, err := socket.NewRep()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer worker.Close()
	go worker.Serve(ctx, func(_ context.Context, m socket.Message) (socket.Message, error) {
		return socket.Message{append([]byte("done: "), m[0]...)}, nil
	})
	client, err := socket.NewReq()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	err1 = worker.Connect(back)
	err2 = client.Connect(front)
	if err1 != nil || err2 != nil {
		fmt.Println(err1, err2)
		return
	}
	reply, err := client.Request(ctx, []byte("work"))
	fmt.Println(reply, err)

	control.Terminate()
	fmt.Println(<-ended)
	// Output:
	// ["done: work"] <nil>
	// <nil>
}
