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
	secure, err := secured(c, kind)
	if err != nil {
		return nil, err
	}
	send, recv := socket.WithSendHWM(c.HWM), socket.WithRecvHWM(c.HWM)
	box := inbox{reuse: c.Reuse}
	switch kind {
	case child.Push:
		s, err := socket.NewPush(options[socket.PushOption](c, secure, send)...)
		return &push{s}, err
	case child.Pull:
		s, err := socket.NewPull(options[socket.PullOption](c, secure, recv)...)
		return &pull{s, box}, err
	case child.Req:
		s, err := socket.NewReq(options[socket.ReqOption](c, secure, send, recv)...)
		return &req{s, box}, err
	case child.Rep:
		s, err := socket.NewRep(options[socket.RepOption](c, secure, send, recv)...)
		return &rep{s, box}, err
	case child.Dealer:
		s, err := socket.NewDealer(options[socket.DealerOption](c, secure, send, recv)...)
		return &dealer{s, box}, err
	case child.Router:
		list := options[socket.RouterOption](c, secure, send, recv)
		list = append(list, socket.WithMandatory()) // with as many requests under way as the mark, a reply may find it reached
		s, err := socket.NewRouter(list...)
		return &router{s, box}, err
	case child.Pub:
		list := options[socket.PubOption](c, secure, send)
		if c.Subscriptions > 1 {
			list = append(list, socket.WithMaxSubscriptions(0, 0))
		}
		s, err := socket.NewPub(list...)
		return &pub{s}, err
	case child.Sub:
		s, err := socket.NewSub(options[socket.SubOption](c, secure, recv)...)
		return &sub{s, box}, err
	}
	return nil, fmt.Errorf("no %s", kind)
}

// options returns those of security and, where c asks for them, the marks; else
// the defaults are left.
func options[Option any](c *child.Config, secure []socket.Option, marks ...Option) []Option {
	var list []Option
	for _, o := range secure {
		list = append(list, any(o).(Option)) // which fits every socket
	}
	if c.HWM > 0 {
		list = append(list, marks...)
	}
	return list
}
