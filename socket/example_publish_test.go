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

// A subscriber that comes late gets the present value of each topic at once,
// before what is published from then on.
func ExampleWithLastValue() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	pub := must(socket.NewPub(socket.WithLastValue()))
	defer pub.Close()
	endpoint := must(pub.Bind("tcp://127.0.0.1:0"))
	check(pub.Send(ctx, []byte("weather/berlin"), []byte("rain")))
	check(pub.Send(ctx, []byte("weather/paris"), []byte("sun")))
	check(pub.Send(ctx, []byte("weather/berlin"), []byte("snow")))

	sub := must(socket.NewSub())
	defer sub.Close()
	check(sub.Subscribe("weather/"))
	check(sub.Connect(endpoint))
	check(pub.WaitSubscribers(ctx, "weather/", 1))
	check(pub.Send(ctx, []byte("weather/rome"), []byte("fog")))

	for range 3 {
		fmt.Println(must(sub.Recv(ctx)))
	}
	// Output:
	// ["weather/paris" "sun"]
	// ["weather/berlin" "snow"]
	// ["weather/rome" "fog"]
}

// The newest two of each topic, for who comes late.
func ExampleWithReplay() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	pub := must(socket.NewPub(socket.WithReplay(2), socket.WithReplayLimits(1000, 1<<20)))
	defer pub.Close()
	endpoint := must(pub.Bind("tcp://127.0.0.1:0"))
	for i := range 5 {
		check(pub.Send(ctx, []byte("log"), fmt.Append(nil, "line ", i)))
	}

	sub := must(socket.NewSub())
	defer sub.Close()
	check(sub.Subscribe("log"))
	check(sub.Connect(endpoint))
	fmt.Println(must(sub.Recv(ctx)))
	fmt.Println(must(sub.Recv(ctx)))
	fmt.Println("kept:", pub.Stats().Kept.Messages, "of", pub.Stats().Kept.Topics, "topic")
	// Output:
	// ["log" "line 3"]
	// ["log" "line 4"]
	// kept: 2 of 1 topic
}

// A subscriber that is slower than its publisher sees the newest message of each
// topic, whole.
func ExampleWithConflateTopics() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	pub := must(socket.NewPub(socket.WithConflateTopics()))
	defer pub.Close()
	must(pub.Bind("inproc://example-conflate-topics"))
	sub := must(socket.NewSub(socket.WithConflateTopics()))
	defer sub.Close()
	check(sub.Subscribe("price/"))
	check(sub.Connect("inproc://example-conflate-topics"))
	check(pub.WaitSubscribers(ctx, "price/", 1))

	for i := range 1000 {
		check(pub.Send(ctx, []byte("price/apples"), fmt.Append(nil, i), []byte("EUR")))
		check(pub.Send(ctx, []byte("price/pears"), fmt.Append(nil, 2*i), []byte("EUR")))
	}
	fmt.Println(must(sub.Recv(ctx)))
	fmt.Println(must(sub.Recv(ctx)))
	// Output:
	// ["price/apples" "999" "EUR"]
	// ["price/pears" "1998" "EUR"]
}
