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

// Readings of which only the newest matter: for a subscriber that is slow, the
// oldest make way. What was dropped is counted by reason.
func ExampleWithDropPolicy() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	pub := must(socket.NewPub(socket.WithDropPolicy(socket.PolicyDropOldest), socket.WithSendHWM(1)))
	defer pub.Close()
	must(pub.Bind("inproc://example-drop-policy"))
	sub := must(socket.NewSub(socket.WithRecvHWM(1))) // in process, the marks of both sides add up
	defer sub.Close()
	check(sub.Subscribe(""))
	check(sub.Connect("inproc://example-drop-policy"))
	check(pub.WaitSubscribers(ctx, "", 1))

	for i := range 10 {
		check(pub.Send(ctx, fmt.Append(nil, "reading ", i)))
	}
	fmt.Println(must(sub.Recv(ctx)))
	fmt.Println(must(sub.Recv(ctx)))
	fmt.Println("dropped:", pub.Stats().Out.Dropped[socket.DropEvicted])
	// Output:
	// ["reading 8"]
	// ["reading 9"]
	// dropped: 8
}
