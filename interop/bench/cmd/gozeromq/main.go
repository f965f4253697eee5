// Gozeromq is the child of the measurements that uses
// github.com/go-zeromq/zmq4. Its PUSH sends each message to every peer, where
// others choose one: with several peers its numbers say less. Its only
// high-water mark is that of PUB, none by default, which is set to the 1,000
// messages of the others: a publisher that is faster than its subscribers would
// else take all memory.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

// longest is the longest frame that inproc carries. A longer one has a header of
// nine octets, of which the receiver's connection loses all but those that the
// first read asks for.
const longest = 255

func main() { os.Exit(child.Main(open)) }

// open implements child.Opener.
func open(c *child.Config, kind child.Kind) (child.Socket, error) {
	if c.Transport == "inproc" && c.Size > longest {
		return nil, fmt.Errorf("the inproc of go-zeromq/zmq4 v0.17.0 breaks frames of more than %d octets", longest)
	}
	if c.ServerKey != "" {
		return nil, errors.New("go-zeromq/zmq4 has no CURVE")
	}
	ctx := context.Background()
	switch kind {
	case child.Pull:
		return &socket{zmq4.NewPull(ctx)}, nil
	case child.Push:
		return &socket{zmq4.NewPush(ctx)}, nil
	case child.Req:
		return &socket{zmq4.NewReq(ctx)}, nil
	case child.Rep:
		return &socket{zmq4.NewRep(ctx)}, nil
	case child.Dealer:
		return &socket{zmq4.NewDealer(ctx)}, nil
	case child.Router:
		return &socket{zmq4.NewRouter(ctx)}, nil
	case child.Sub:
		return &socket{zmq4.NewSub(ctx)}, nil
	case child.Pub:
		s := zmq4.NewPub(ctx)
		hwm := 1000
		if c.HWM > 0 {
			hwm = c.HWM
		}
		if err := s.SetOption(zmq4.OptionHWM, hwm); err != nil {
			return nil, fmt.Errorf("set the high-water mark: %w", err)
		}
		return &pub{socket{s}, c.Subscriptions > 1}, nil
	}
	return nil, fmt.Errorf("no %s", kind)
}
