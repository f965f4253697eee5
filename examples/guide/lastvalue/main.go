// Lastvalue is a cache between a publisher and its subscribers: who subscribes
// to a topic gets its newest value at once, however long ago that was published.
//
// It runs all of them in one process, over TCP. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

const topics = 500

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "lastvalue:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()

	pub, err := socket.NewPub(socket.WithSendHWM(0)) // all at once, and none of it shall be dropped
	if err != nil {
		return err
	}
	defer pub.Close()
	source, err := pub.Bind("tcp://127.0.0.1:0")
	if err != nil {
		return err
	}
	c, err := newCache(source)
	if err != nil {
		return err
	}
	parts.Go(func() { c.run(ctx) })
	early, err := newReader(c.endpoint, "")
	if err != nil {
		return err
	}
	defer early.Close()
	if err := c.pub.WaitSubscribers(ctx, "", 1); err != nil {
		return err
	}
	if err := pub.WaitSubscribers(ctx, "", 1); err != nil {
		return err
	}

	for topic := range topics { // each topic once, and 42 three times more
		if err := pub.Send(ctx, name(topic), []byte("0")); err != nil {
			return err
		}
	}
	const updates = 3
	for n := range updates {
		if err := pub.Send(ctx, name(42), []byte(strconv.Itoa(n+1))); err != nil {
			return err
		}
	}
	for range topics + updates {
		if _, err := early.Recv(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("who was there from the start has seen %d updates\n", topics+updates)

	late, err := newReader(c.endpoint, "topic 042", "topic 007")
	if err != nil {
		return err
	}
	defer late.Close()
	for range 2 {
		m, err := late.Recv(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("who comes late has %s at %s\n", m[0], m[1])
	}
	if err := pub.Send(ctx, name(42), []byte("news")); err != nil {
		return err
	}
	m, err := late.Recv(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("and then gets what comes: %s at %s\n", m[0], m[1])
	return nil
}

func name(topic int) []byte { return fmt.Appendf(nil, "topic %03d", topic) }

func newReader(endpoint string, prefixes ...string) (*socket.Sub, error) {
	sub, err := socket.NewSub(socket.WithRecvHWM(0))
	if err != nil {
		return nil, err
	}
	err = sub.Subscribe(prefixes...)
	if err == nil {
		err = sub.Connect(endpoint)
	}
	if err != nil {
		sub.Close()
		return nil, err
	}
	return sub, nil
}
