package mdp

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A Handler carries out one request. What it returns is the reply; an error ends
// the worker without one, so what the client shall know of goes into the reply.
type Handler func(ctx context.Context, request socket.Message) (reply socket.Message, err error)

// A Worker offers a service to a broker.
type Worker struct {
	dealer  *socket.Dealer
	service string
	handle  Handler
}

// NewWorker returns a worker for a service, at the broker at endpoint, be it
// there or not.
func NewWorker(endpoint, service string, handle Handler) (*Worker, error) {
	dealer, err := socket.NewDealer(socket.WithRedial(10*time.Millisecond, time.Second))
	if err != nil {
		return nil, err
	}
	if err := dealer.Connect(endpoint); err != nil {
		dealer.Close()
		return nil, err
	}
	return &Worker{dealer, service, handle}, nil
}

// Run serves requests, one at a time, until ctx is done, and then takes leave of
// the broker. It closes the worker. Its error is ctx's, or the handler's. While
// the handler is at work the broker goes on hearing of the worker.
func (w *Worker) Run(ctx context.Context) error {
	defer w.dealer.Close()
	ctx, cancel := context.WithCancel(ctx)
	var handling sync.WaitGroup
	defer handling.Wait()
	defer cancel()
	messages := incoming(ctx, w.dealer)
	results := make(chan result, 1)
	clock := time.NewTicker(heartbeatInterval)
	defer clock.Stop()
	if err := w.say(ctx, commandReady, []byte(w.service)); err != nil {
		return err
	}
	heard := time.Now()
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				return w.leave(ctx)
			}
			heard = time.Now()
			envelope, request, ok := requestOf(m)
			switch {
			case ok: // the broker sends no other before it has the reply
				handling.Go(func() {
					reply, err := w.handle(ctx, request)
					results <- result{append(slices.Clone(envelope), reply...), err}
				})
			case isCommand(m, commandDisconnect): // it does not know us any more
				if err := w.say(ctx, commandReady, []byte(w.service)); err != nil {
					return err
				}
			}
		case r := <-results:
			if r.err != nil {
				return r.err
			}
			if err := w.say(ctx, commandReply, r.frames...); err != nil {
				return err
			}
		case now := <-clock.C:
			// The socket connects again by itself. What a broker that was started anew
			// does not know by then is that we are here.
			var err error
			if now.Sub(heard) > expiry {
				heard = now
				err = w.say(ctx, commandReady, []byte(w.service))
			} else {
				err = w.say(ctx, commandHeartbeat)
			}
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return w.leave(ctx)
		}
	}
}

// A result is what a handler came to: who asked, an empty frame, and the reply.
type result struct {
	frames [][]byte
	err    error
}

// leave tells the broker that no more requests are wanted.
func (w *Worker) leave(ctx context.Context) error {
	_ = w.dealer.TrySend(nil, []byte(ofWorkers), []byte(commandDisconnect)) // it finds out anyhow, later
	return ended(ctx)
}

func isCommand(m socket.Message, command string) bool {
	return len(m) >= 3 && len(m[0]) == 0 && string(m[1]) == ofWorkers && string(m[2]) == command
}

// requestOf takes a request apart: what goes in front of the reply, and the body.
func requestOf(m socket.Message) (envelope, request socket.Message, ok bool) {
	if !isCommand(m, commandRequest) {
		return nil, nil, false
	}
	empty := slices.IndexFunc(m[3:], func(frame []byte) bool { return len(frame) == 0 })
	if empty < 0 {
		return nil, nil, false
	}
	return m[3 : 4+empty], m[4+empty:], true
}

func (w *Worker) say(ctx context.Context, command string, frames ...[]byte) error {
	return w.dealer.Send(ctx, append([][]byte{nil, []byte(ofWorkers), []byte(command)}, frames...)...)
}
