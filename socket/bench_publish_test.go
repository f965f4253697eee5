package socket_test

import (
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// BenchmarkPublishOptions is what Send costs a publisher of 100 topics, with the
// options that do something for each message, for subscribers in process that do
// not receive: once their queues are full, for each the oldest makes way.
func BenchmarkPublishOptions(b *testing.B) {
	options := []struct {
		name string
		opts []socket.PubOption
	}{
		{"none", nil},
		{"WithLastValue", []socket.PubOption{socket.WithLastValue()}},
		{"WithReplay(10)", []socket.PubOption{socket.WithReplay(10)}},
		{"WithConflateTopics", []socket.PubOption{socket.WithConflateTopics()}},
		{"PolicyDropOldest", []socket.PubOption{socket.WithDropPolicy(socket.PolicyDropOldest)}},
	}
	for _, o := range options {
		for _, subscribers := range []int{0, 1, 10} {
			b.Run(fmt.Sprintf("%s/%dsubscribers", o.name, subscribers), func(b *testing.B) {
				pub := newBench(socket.NewPub(o.opts...))(b)
				endpoint := fmt.Sprintf("inproc://bench-options-%p", pub)
				if _, err := pub.Bind(endpoint); err != nil {
					b.Fatal(err)
				}
				for range subscribers {
					sub := newBench(socket.NewSub())(b)
					if err := sub.Subscribe(""); err != nil {
						b.Fatal(err)
					}
					if err := sub.Connect(endpoint); err != nil {
						b.Fatal(err)
					}
				}
				if err := pub.WaitSubscribers(b.Context(), "", subscribers); err != nil {
					b.Fatal(err)
				}
				topics := make([][]byte, 100)
				for i := range topics {
					topics[i] = fmt.Append(nil, "topic ", i)
				}
				body := make([]byte, 100)
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					if err := pub.Send(b.Context(), topics[i%len(topics)], body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
