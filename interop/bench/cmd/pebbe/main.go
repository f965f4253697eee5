// Pebbe is the child of the measurements that uses libzmq through
// github.com/pebbe/zmq4 and cgo, with the defaults of both: SendBytes and
// RecvBytes. Its sockets are not safe for concurrent use, so that several
// senders take turns with a mutex. Two limits are lifted where they would stop a
// workload: a context of libzmq has room for 1,023 sockets, and a SUB drops,
// silently, the subscriptions beyond its send high-water mark of 1,000.
package main

import (
	"fmt"
	"os"

	"github.com/pebbe/zmq4"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

// The limits, or a little less.
const (
	room = 1000 // sockets of a context
	many = 1000 // subscriptions of a SUB
)

func main() { os.Exit(child.Main(open)) }

// open implements child.Opener.
func open(c *child.Config, kind child.Kind) (child.Socket, error) {
	types := map[child.Kind]zmq4.Type{
		child.Pull: zmq4.PULL, child.Push: zmq4.PUSH, child.Rep: zmq4.REP, child.Router: zmq4.ROUTER,
		child.Req: zmq4.REQ, child.Dealer: zmq4.DEALER, child.Pub: zmq4.PUB, child.Sub: zmq4.SUB,
	}
	if n := max(c.Sockets, c.Subscribers); n > room {
		// Before the first socket, or it has no effect.
		if err := zmq4.SetMaxSockets(n + 16); err != nil {
			return nil, fmt.Errorf("room for %d sockets: %w", n, err)
		}
	}
	s, err := zmq4.NewSocket(types[kind])
	if err != nil {
		return nil, err
	}
	if c.HWM > 0 {
		if err := s.SetSndhwm(c.HWM); err != nil {
			return nil, err
		}
		if err := s.SetRcvhwm(c.HWM); err != nil {
			return nil, err
		}
	}
	if c.ServerKey != "" {
		if err := secure(s, c, kind); err != nil {
			return nil, fmt.Errorf("CURVE: %w", err)
		}
	}
	if kind == child.Sub && c.Subscriptions > many {
		if err := s.SetSndhwm(0); err != nil {
			return nil, err
		}
	}
	switch {
	case kind == child.Push && c.Senders > 1:
		return &shared{socket: socket{Socket: s}}, nil
	case kind == child.Rep || kind == child.Router || c.Frames > 1:
		return &multipart{socket{Socket: s}}, nil
	}
	return &socket{Socket: s}, nil
}
