// Espresso looks at what passes a proxy, subscriptions and messages, without
// being in the way.
//
// It runs a publisher, a subscriber, the proxy between them and a listener in
// one process. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "espresso:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()

	p, err := newPress()
	if err != nil {
		return err
	}
	parts.Go(func() { p.run(ctx) })
	heard := make(chan string, 100)
	parts.Go(func() { p.listen(ctx, heard) })
	parts.Go(func() { publish(ctx, p.publishers) })

	if err := subscribe(ctx, p.subscribers, 5); err != nil {
		return err
	}
	for line := range heard { // until the listener has seen the subscriber go
		fmt.Println("listener:", line)
		if line == "nobody wants B any more" {
			break
		}
	}
	return nil
}

// publish sends messages of three topics in turn, until ctx is done.
func publish(ctx context.Context, endpoint string) {
	pub, err := socket.NewPub()
	if err != nil {
		return
	}
	defer pub.Close()
	if pub.Connect(endpoint) != nil {
		return
	}
	clock := time.NewTicker(5 * time.Millisecond)
	defer clock.Stop()
	for n := 0; ; n++ {
		topic := string("ABC"[n%3])
		if pub.Send(ctx, []byte(topic), fmt.Append(nil, n)) != nil {
			return
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return
		}
	}
}

// subscribe takes some messages of two of the topics, and leaves.
func subscribe(ctx context.Context, endpoint string, messages int) error {
	sub, err := socket.NewSub()
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := sub.Subscribe("A", "B"); err != nil {
		return err
	}
	if err := sub.Connect(endpoint); err != nil {
		return err
	}
	for range messages {
		if _, err := sub.Recv(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("subscriber: got %d messages\n", messages)
	return nil
}
