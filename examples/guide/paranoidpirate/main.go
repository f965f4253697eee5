// Paranoidpirate is a queue between clients and workers in which everybody is
// prepared for everybody else to vanish: workers and queue send each other
// heartbeats, and clients ask again.
//
// It runs all of them in one process, over TCP. One worker crashes, one hangs,
// and the queue is started anew; each request is answered all the same. See
// README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"
)

const (
	interval = 100 * time.Millisecond // of heartbeats
	patience = 300 * time.Millisecond // of a client, for one attempt
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "paranoidpirate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()

	q, err := startQueue(ctx, "tcp://127.0.0.1:0", "tcp://127.0.0.1:0")
	if err != nil {
		return err
	}
	defer q.stop()
	for name, requests := range map[string]int{"Abel": -1, "Bart": -1, "Carl": 2} {
		w, err := newWorker(name, q.backAt, interval)
		if err != nil {
			return err
		}
		parts.Go(func() { _ = w.run(ctx, requests) }) // it ends with ctx, or as a crash does
	}
	dave, err := newWorker("Dave", q.backAt, interval)
	if err != nil {
		return err
	}
	parts.Go(func() { _ = dave.hang(ctx) })

	c, err := newClient(q.frontAt, patience)
	if err != nil {
		return err
	}
	defer c.req.Close()
	if err := c.askAll(ctx, 1, 20); err != nil {
		return err
	}
	q.stop()
	fmt.Println("queue: stopped, and started again")
	again, err := startQueue(ctx, q.frontAt, q.backAt)
	if err != nil {
		return err
	}
	defer again.stop()
	if err := c.askAll(ctx, 21, 40); err != nil {
		return err
	}
	fmt.Printf("%d requests were answered\n", c.answered)
	return nil
}

// A running queue ends when it is told to.
type running struct {
	*queue
	stop func()
}

func startQueue(ctx context.Context, front, back string) (*running, error) {
	q, err := newQueue(front, back, interval)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := q.run(ctx); !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "queue:", err)
		}
	}()
	return &running{q, sync.OnceFunc(func() {
		cancel()
		<-ended
		q.close()
	})}, nil
}
