// Brokerless is the child of the measurements that uses brokerless, with its
// defaults. With -reuse it receives with RecvInto in place of Recv. Where a
// workload has more topics than a publisher takes from a peer, it lifts that
// limit, and its ROUTER waits for room rather than drop a reply, as that of
// libzmq does.
package main

import (
	"fmt"
	"os"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
	"github.com/brokerless/brokerless/socket"
)

func main() { os.Exit(child.Main(open)) }

// open implements child.Opener.
func open(c *child.Config, kind child.Kind) (child.Socket, error) {
	send, recv := socket.WithSendHWM(c.HWM), socket.WithRecvHWM(c.HWM)
	box := inbox{reuse: c.Reuse}
	switch kind {
	case child.Push:
		s, err := socket.NewPush(given[socket.PushOption](c.HWM > 0, send)...)
		return &push{s}, err
	case child.Pull:
		s, err := socket.NewPull(given[socket.PullOption](c.HWM > 0, recv)...)
		return &pull{s, box}, err
	case child.Req:
		s, err := socket.NewReq(given[socket.ReqOption](c.HWM > 0, send, recv)...)
		return &req{s, box}, err
	case child.Rep:
		s, err := socket.NewRep(given[socket.RepOption](c.HWM > 0, send, recv)...)
		return &rep{s, box}, err
	case child.Dealer:
		s, err := socket.NewDealer(given[socket.DealerOption](c.HWM > 0, send, recv)...)
		return &dealer{s, box}, err
	case child.Router:
		options := given[socket.RouterOption](c.HWM > 0, send, recv)
		options = append(options, socket.WithMandatory()) // with as many requests under way as the mark, a reply may find it reached
		s, err := socket.NewRouter(options...)
		return &router{s, box}, err
	case child.Pub:
		options := given[socket.PubOption](c.HWM > 0, send)
		options = append(options, given[socket.PubOption](c.Subscriptions > 1, socket.WithMaxSubscriptions(0, 0))...)
		s, err := socket.NewPub(options...)
		return &pub{s}, err
	case child.Sub:
		s, err := socket.NewSub(given[socket.SubOption](c.HWM > 0, recv)...)
		return &sub{s, box}, err
	}
	return nil, fmt.Errorf("no %s", kind)
}

// given returns the options where they are asked for, and none, for the
// defaults, elsewhere.
func given[Option any](asked bool, options ...Option) []Option {
	if !asked {
		return nil
	}
	return options
}
