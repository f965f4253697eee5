package socket_test

import (
	"context"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// What is costly to make is made only if somebody wants it.
func ExamplePub_HasSubscribers() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	pub := must(socket.NewPub())
	defer pub.Close()
	endpoint := must(pub.Bind("tcp://127.0.0.1:0"))
	sub := must(socket.NewSub())
	defer sub.Close()
	check(sub.Subscribe("preview"))
	check(sub.Connect(endpoint))
	check(pub.WaitSubscribers(ctx, "preview", 1))

	encode := func(topic string) []byte {
		fmt.Println("encoding", topic)
		return []byte("a picture")
	}
	for _, topic := range []string{"full", "preview", "raw"} {
		if pub.HasSubscribers(topic) {
			check(pub.Send(ctx, []byte(topic), encode(topic)))
		}
	}
	fmt.Println(must(sub.Recv(ctx)))
	// Output:
	// encoding preview
	// ["preview" "a picture"]
}
