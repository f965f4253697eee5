package main

import (
	"context"
	"slices"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A worker answers requests that a queue hands it, one at a time, and tells the
// queue that it is alive.
type worker struct {
	name     string
	dealer   *socket.Dealer
	interval time.Duration
}

func newWorker(name, back string, interval time.Duration) (*worker, error) {
	dealer, err := socket.NewDealer(
		socket.WithRedial(10*time.Millisecond, interval),
		socket.WithLinger(0), // a reply that was not sent has no client any more
	)
	if err != nil {
		return nil, err
	}
	if err := dealer.Connect(back); err != nil {
		dealer.Close()
		return nil, err
	}
	return &worker{name: name, dealer: dealer, interval: interval}, nil
}

// run works until ctx is done, or until it has answered so many requests and
// gets one more: then it returns at once, as a worker does that crashes. The
// connection comes back by itself when it is lost; but a queue that was started
// anew does not know its workers, so they say that they are ready whenever they
// have not heard of it for some time.
func (w *worker) run(ctx context.Context, requests int) error {
	defer w.dealer.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := incoming(ctx, w.dealer)
	clock := time.NewTicker(w.interval)
	defer clock.Stop()
	if err := w.announce(ctx); err != nil {
		return err
	}
	heard := time.Now()
	for {
		select {
		case m := <-messages:
			heard = time.Now()
			envelope := 1 + slices.IndexFunc(m, func(frame []byte) bool { return len(frame) == 0 })
			if envelope == 0 { // a heartbeat
				continue
			}
			if requests == 0 {
				return nil
			}
			requests--
			m = append(m[:envelope], []byte(w.name)) // who asked, and our reply
			if err := w.dealer.Send(ctx, m...); err != nil {
				return err
			}
		case now := <-clock.C:
			say := w.beat
			if now.Sub(heard) > 3*w.interval {
				say, heard = w.announce, now
			}
			if err := say(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *worker) announce(ctx context.Context) error {
	return w.dealer.Send(ctx, []byte(ready), []byte(w.name))
}

func (w *worker) beat(ctx context.Context) error {
	return w.dealer.Send(ctx, []byte(heartbeat))
}

// hang says that it is ready, and then nothing any more, until ctx is done: the
// process lives and its connection with it, but it does no work.
func (w *worker) hang(ctx context.Context) error {
	defer w.dealer.Close()
	if err := w.announce(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}
