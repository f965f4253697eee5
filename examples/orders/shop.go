package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

// sell sends orders to the workers, in turn, and one message that is no order.
// Then it reads in the news what became of each.
func sell(ctx context.Context, o options) error {
	push, err := socket.NewPush()
	if err != nil {
		return err
	}
	defer push.Close()
	sub, err := socket.NewSub()
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := errors.Join(sub.Subscribe(o.name+"/"), sub.Connect(o.news)); err != nil {
		return err
	}
	endpoint, err := push.Bind(o.bind)
	if err != nil {
		return err
	}
	listening(o.name, "workers", endpoint)
	if err := push.WaitPeers(ctx, o.workers); err != nil {
		return err
	}

	sending, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- send(sending, push, o) }()
	if err := read(ctx, sub, o); err != nil {
		cancel()
		if failed := <-sent; failed != nil && !errors.Is(failed, context.Canceled) {
			return failed // which is why there was no news
		}
		return err
	}
	return errors.Join(<-sent, push.Shutdown(ctx))
}

// send sends the orders, and in the middle the beginning of one.
func send(ctx context.Context, push *socket.Push, o options) error {
	out := codec.NewSender(push, orders)
	for n := 1; n <= o.orders; n++ {
		if err := out.Send(ctx, newOrder(o.name, n)); err != nil {
			return err
		}
		if n == (o.orders+1)/2 {
			if err := push.Send(ctx, []byte("\x86\xa2id\xa6torn")); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads the news of this shop, until there is one of each order. The
// message that is no order has none, for nobody can tell whose it is.
func read(ctx context.Context, sub *socket.Sub, o options) error {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(o.patience, cancel)
	defer quiet.Stop()
	handled, gone, cents := 0, 0, int64(0)
	for outcome, err := range codec.NewSubscriber(sub, outcomes).Values(reading) {
		switch {
		case err == nil:
		case ctx.Err() == nil && reading.Err() != nil:
			return fmt.Errorf("%s: no news of %d orders within %v", o.name, o.orders-handled-gone, o.patience)
		default:
			return err
		}
		quiet.Reset(o.patience)
		if outcome.Dead == "" {
			handled++
			cents += outcome.Cents
		} else {
			gone++
		}
		if handled+gone == o.orders {
			break
		}
	}
	fmt.Printf("%-10s of %d orders %d were handled, for %d.%02d in all, and %d could not be\n",
		o.name, o.orders, handled, cents/100, cents%100, gone)
	return nil
}
