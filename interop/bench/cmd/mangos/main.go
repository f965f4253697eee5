// Mangos is the child of the measurements that uses mangos, which speaks SP, the
// protocol of nanomsg, with its pool of messages. Its queues hold 128 messages
// by default; those of PUSH, PULL, PUB and SUB are set to the 1,000 of the
// others. It has no DEALER and ROUTER, and its messages no frames.
package main

import (
	"errors"
	"fmt"
	"os"

	"go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/protocol/pub"
	"go.nanomsg.org/mangos/v3/protocol/pull"
	"go.nanomsg.org/mangos/v3/protocol/push"
	"go.nanomsg.org/mangos/v3/protocol/rep"
	"go.nanomsg.org/mangos/v3/protocol/req"
	"go.nanomsg.org/mangos/v3/protocol/sub"
	_ "go.nanomsg.org/mangos/v3/transport/inproc" // transports are registered by being imported
	_ "go.nanomsg.org/mangos/v3/transport/ipc"
	_ "go.nanomsg.org/mangos/v3/transport/tcp"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

func main() { os.Exit(child.Main(open)) }

// open implements child.Opener.
func open(c *child.Config, kind child.Kind) (child.Socket, error) {
	if c.Frames > 1 {
		return nil, errors.New("messages of mangos have no frames")
	}
	if c.ServerKey != "" {
		return nil, errors.New("mangos has no CURVE")
	}
	switch kind {
	case child.Pull:
		return newSocket(c, pull.NewSocket, mangos.OptionReadQLen)
	case child.Push:
		return newSocket(c, push.NewSocket, mangos.OptionWriteQLen)
	case child.Req:
		return newSocket(c, req.NewSocket, "")
	case child.Rep:
		return newSocket(c, rep.NewSocket, "")
	case child.Pub:
		return newSocket(c, pub.NewSocket, mangos.OptionWriteQLen)
	case child.Sub:
		return newSocket(c, sub.NewSocket, mangos.OptionReadQLen)
	}
	return nil, fmt.Errorf("mangos has no %s", kind)
}
