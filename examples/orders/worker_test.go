package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A line carries messages without sockets.
type line chan socket.Message

func (l line) Send(ctx context.Context, frames ...[]byte) error {
	select {
	case l <- socket.Message(frames).Clone():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l line) Recv(ctx context.Context) (socket.Message, error) {
	select {
	case m := <-l:
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A worker that is asked to end does not take along what it has in hand.
func TestWorkerEndsBetweenTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, err := orders.Append(nil, Order{ID: "shop/1", Item: impossible, Quantity: 1})
		if err != nil {
			t.Fatal(err)
		}
		from, letters := make(line, 1), make(line, 1)
		from <- socket.Message{body}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Millisecond)
		defer cancel()
		if err := new(worker).run(ctx, from, letters, 1_000_000); err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-letters:
			if len(m) != 2 || string(m[1]) != string(body) {
				t.Errorf("the dead letter is %v, want why and the order", m)
			}
		default:
			t.Error("the order is gone")
		}
	})
}
