// Plain is the child of the measurements that uses no library: connections with
// bufio and a length before each frame, over tcp and Unix sockets, and a channel
// in process. It shows the limit of what a library in Go can reach with goroutines
// that block. It has neither PUB and SUB nor anything that a library is for: no
// reconnection, no queue, no fairness, no limits.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

func main() {
	pipes := map[string]*pipe{}
	os.Exit(child.Main(func(c *child.Config, kind child.Kind) (child.Socket, error) {
		switch {
		case c.ServerKey != "":
			return nil, errors.New("plain connections have no CURVE")
		case kind == child.Pub || kind == child.Sub:
			return nil, fmt.Errorf("plain connections cannot do what a %s does", kind)
		case c.Transport != "inproc":
			return newEnd(c, kind), nil
		case c.Frames > 1:
			return nil, errors.New("the channel of plain Go takes messages of one frame")
		case kind == child.Pull:
			return &pullEnd{pipeEnd{pipes: pipes}}, nil
		}
		return &pipeEnd{pipes: pipes}, nil
	}))
}
