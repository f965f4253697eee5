package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

// A worker handles orders. It tries each at most so often, and what it cannot
// handle or read is a dead letter.
type worker struct {
	name     string
	receipts *codec.Sender[Outcome]

	order string // that is being handled
	try   int    // of it, from 1
}

// work takes orders from shops, and sends what became of them to the archive.
func work(ctx context.Context, o options) error {
	pull, err := socket.NewPull()
	if err != nil {
		return err
	}
	defer pull.Close()
	receipts, err := connectPush(o.receipts)
	if err != nil {
		return err
	}
	defer receipts.Close()
	letters, err := connectPush(o.dead)
	if err != nil {
		return err
	}
	defer letters.Close()
	for shop := range strings.SplitSeq(o.connect, ",") {
		if err := pull.Connect(shop); err != nil {
			return err
		}
	}
	fmt.Printf("%-10s pid %d\n", o.name, os.Getpid())

	w := &worker{name: o.name, receipts: codec.NewSender(receipts, outcomes)}
	return errors.Join(w.run(ctx, pull, letters, o.tries), receipts.Close(), letters.Close())
}

// run handles orders until ctx is done, which is how a worker ends.
func (w *worker) run(ctx context.Context, from socket.Receiver, letters socket.Sender, most int) error {
	in := codec.NewReceiver(from, orders, codec.WithDeadLetters(codec.DeadLettersTo(letters, takeTime)))
	err := in.Handle(ctx, codec.Tries{Most: most, Shortest: 5 * time.Millisecond}, w.handle)
	if held := new(codec.DeadLetterError); ctx.Err() != nil && !errors.As(err, &held) {
		return nil
	}
	return err
}

// takeTime is how long the archive may take to take a dead letter.
const takeTime = time.Second

func connectPush(endpoint string) (*socket.Push, error) {
	push, err := socket.NewPush()
	if err != nil {
		return nil, err
	}
	if err := push.Connect(endpoint); err != nil {
		push.Close()
		return nil, err
	}
	return push, nil
}

// handle handles one order. When it fails it is called again with the same.
func (w *worker) handle(ctx context.Context, o Order) error {
	if w.order != o.ID {
		w.order, w.try = o.ID, 0
	}
	w.try++
	switch {
	case o.Quantity < 1:
		return codec.Permanent(fmt.Errorf("an order of %d", o.Quantity))
	case o.Item == impossible:
		return errors.New("there is no unicorn in the kitchen")
	case o.Item == delicate && w.try == 1:
		return errors.New("the soufflé has fallen")
	}
	return w.receipts.Send(ctx, Outcome{Order: o.ID, Worker: w.name, Tries: w.try, Cents: o.Cents * int64(o.Quantity)})
}
