package zmq4adapter_test

import (
	"context"
	"fmt"
	"time"

	// The one line that changes; it was "github.com/go-zeromq/zmq4".
	zmq4 "github.com/brokerless/brokerless/interop/zmq4adapter"
)

func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	rep := zmq4.NewRep(ctx)
	defer rep.Close()
	if err := rep.Listen("tcp://127.0.0.1:0"); err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		for {
			msg, err := rep.Recv()
			if err != nil {
				return // closed
			}
			if err := rep.Send(zmq4.NewMsgString("hello " + string(msg.Bytes()))); err != nil {
				return
			}
		}
	}()

	req := zmq4.NewReq(ctx, zmq4.WithID(zmq4.SocketIdentity("asker")))
	defer req.Close()
	if err := req.Dial("tcp://" + rep.Addr().String()); err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"one", "two"} {
		if err := req.Send(zmq4.NewMsgString(name)); err != nil {
			fmt.Println(err)
			return
		}
		msg, err := req.Recv()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(msg)
	}
	// Output:
	// Msg{Frames:{"hello one"}}
	// Msg{Frames:{"hello two"}}
}

func ExampleNewSub() {
	ctx := context.Background()
	pub, sub := zmq4.NewPub(ctx), zmq4.NewSub(ctx)
	defer pub.Close()
	defer sub.Close()
	if err := pub.Listen("inproc://news"); err != nil {
		fmt.Println(err)
		return
	}
	if err := sub.SetOption(zmq4.OptionSubscribe, "sport"); err != nil {
		fmt.Println(err)
		return
	}
	if err := sub.Dial("inproc://news"); err != nil {
		fmt.Println(err)
		return
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(pub.(zmq4.Topics).Topics()) == 0 {
		<-tick.C // until the publisher knows
	}
	for _, topic := range []string{"weather", "sport"} {
		if err := pub.Send(zmq4.NewMsgFromString([]string{topic, "today"})); err != nil {
			fmt.Println(err)
			return
		}
	}
	msg, err := sub.Recv()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(msg)
	// Output: Msg{Frames:{"sport", "today"}}
}

func ExampleNewProxy() {
	ctx := context.Background()
	front, back := zmq4.NewPull(ctx), zmq4.NewPush(ctx)
	in, out := zmq4.NewPush(ctx), zmq4.NewPull(ctx)
	defer front.Close()
	defer back.Close()
	defer in.Close()
	defer out.Close()
	for _, err := range []error{
		front.Listen("inproc://front"), back.Listen("inproc://back"),
		in.Dial("inproc://front"), out.Dial("inproc://back"),
	} {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	proxy := zmq4.NewProxy(ctx, front, back, nil)
	if err := in.Send(zmq4.NewMsgString("work")); err != nil {
		fmt.Println(err)
		return
	}
	msg, err := out.Recv()
	fmt.Println(msg, err)
	proxy.Kill()
	fmt.Println(proxy.Run())
	// Output:
	// Msg{Frames:{"work"}} <nil>
	// <nil>
}
