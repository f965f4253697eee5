// Package mdp speaks the Majordomo Protocol 0.1 (RFC 7): clients ask for a
// service by its name, workers offer one, and a broker brings them together.
//
// The three sides are [Client], [Worker] and [Broker]. What goes over the wire
// is what the RFC says, so each of them works with programs that others wrote.
package mdp

import (
	"context"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// The first frame of a message says which half of the protocol it is of.
const (
	ofClients = "MDPC01"
	ofWorkers = "MDPW01"
)

// The commands between workers and the broker.
const (
	commandReady      = "\x01" // with the name of the service
	commandRequest    = "\x02" // with who asks, an empty frame, and the body
	commandReply      = "\x03" // likewise
	commandHeartbeat  = "\x04"
	commandDisconnect = "\x05"
)

// The times that workers and a broker go by. Both sides should have the same.
const (
	heartbeatInterval = 250 * time.Millisecond
	expiry            = 4 * heartbeatInterval // of silence
)

// ended returns why nothing more comes in: ctx is done, or the socket is closed.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return socket.ErrClosed
}

// incoming returns a channel on which the messages of s come, until ctx is done
// or s is closed, which closes the channel.
func incoming(ctx context.Context, s socket.Receiver) <-chan socket.Message {
	c := make(chan socket.Message)
	go func() {
		defer close(c)
		for {
			m, err := s.Recv(ctx)
			if err != nil {
				return
			}
			select {
			case c <- m:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}
