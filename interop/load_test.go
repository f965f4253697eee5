package interop

import (
	"context"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// TestLoadOfTheirs sends to four PULL sockets of libzmq, of which one is not read.
// Its engine answers no PING behind what it has no place for; so it has a few
// messages and the others get the rest.
func TestLoadOfTheirs(t *testing.T) {
	p := startLibzmq(t)
	s, err := socket.NewPush(quick(), socket.WithMaxLoad(1))
	push := own(t, s, err)
	endpoint := bind(t, push, "tcp://127.0.0.1:0")
	var workers []*peer.Socket
	for i := range 4 {
		w := theirs(t, p, "PULL", peer.Int("RCVHWM", 1))
		must(t, w.Connect(endpoint))
		waitPeers(t, push, i+1)
		workers = append(workers, w)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	const many = 100
	sent := make(chan error, 1)
	go func() {
		for i := range many {
			if err := push.Send(ctx, numbered(i)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	// The queue of one message, the one that the engine holds, and one on its way.
	const kept = 3
	for n := 0; n < many-kept; {
		for _, w := range workers[1:] {
			if _, ok := recvWithin(t, w, time.Millisecond); ok {
				n++
			}
		}
		must(t, ctx.Err())
	}
	must(t, <-sent)
}
