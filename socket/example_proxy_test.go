package socket_test

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/socket"
)

// A broker between clients and workers that need not know each other.
func ExampleProxy() {
	ctx := context.Background()

	clients, workers := must(socket.NewRouter()), must(socket.NewDealer())
	defer clients.Close()
	defer workers.Close()
	front, back := must(clients.Bind("tcp://127.0.0.1:0")), must(workers.Bind("tcp://127.0.0.1:0"))
	var control socket.ProxyControl
	ended := make(chan error, 1)
	go func() { ended <- socket.Proxy(ctx, clients, workers, socket.WithSteering(&control)) }()

	worker := must(socket.NewRep())
	defer worker.Close()
	check(worker.Connect(back))
	go worker.Serve(ctx, func(_ context.Context, m socket.Message) (socket.Message, error) {
		return socket.Message{append([]byte("done: "), m[0]...)}, nil
	})

	client := must(socket.NewReq())
	defer client.Close()
	check(client.Connect(front))
	fmt.Println(must(client.Request(ctx, []byte("work"))))

	control.Terminate()
	fmt.Println(<-ended)
	// Output:
	// ["done: work"]
	// <nil>
}
