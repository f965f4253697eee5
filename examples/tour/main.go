// Tour shows every type of socket at work, a few lines each. See README.md.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	err := tour(ctx)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

func tour(ctx context.Context) error {
	for _, stop := range []func(context.Context) error{
		pushPull, pubSub, xpubXSub, reqRep, dealerRouter, dealerRep, pair,
	} {
		if err := stop(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pushPull: each message goes to one of the peers, in turn.
func pushPull(ctx context.Context) error {
	push, err := socket.NewPush()
	if err != nil {
		return err
	}
	defer push.Close()
	var pulls [2]*socket.Pull
	for i := range pulls {
		if pulls[i], err = socket.NewPull(); err != nil {
			return err
		}
		endpoint, err := pulls[i].Bind("tcp://127.0.0.1:0")
		if err != nil {
			return err
		}
		if err := push.Connect(endpoint); err != nil {
			return err
		}
	}
	for _, job := range []string{"one", "two", "three", "four"} {
		if err := push.Send(ctx, []byte(job)); err != nil {
			return err
		}
	}
	var got [2][2]socket.Message
	for i, pull := range pulls {
		for j := range got[i] {
			if got[i][j], err = pull.Recv(ctx); err != nil {
				return err
			}
		}
		if err := pull.Close(); err != nil {
			return err
		}
	}
	fmt.Println("PUSH    -> PULL    one worker got", got[0], "the other", got[1])
	return nil
}

// pubSub: each message goes to all who have subscribed to how it begins.
func pubSub(ctx context.Context) error {
	pub, err := socket.NewPub()
	if err != nil {
		return err
	}
	defer pub.Close()
	sub, err := socket.NewSub()
	if err != nil {
		return err
	}
	defer sub.Close()
	_, err = pub.Bind("inproc://news")
	if err = errors.Join(err, sub.Subscribe("sport/"), sub.Connect("inproc://news")); err != nil {
		return err
	}
	err = errors.Join(
		pub.WaitSubscribers(ctx, "sport/", 1),
		pub.Send(ctx, []byte("politics/home"), []byte("nobody reads this")),
		pub.Send(ctx, []byte("sport/chess"), []byte("draw")),
	)
	if err != nil {
		return err
	}
	m, err := sub.Recv(ctx)
	fmt.Println("PUB     -> SUB     the subscriber of sport/ got", m)
	return err
}

// xpubXSub: the same, for those in between: subscriptions are messages.
func xpubXSub(ctx context.Context) error {
	xpub, err := socket.NewXPub()
	if err != nil {
		return err
	}
	defer xpub.Close()
	xsub, err := socket.NewXSub()
	if err != nil {
		return err
	}
	defer xsub.Close()
	_, err = xpub.Bind("inproc://relay")
	if err = errors.Join(err, xsub.Connect("inproc://relay"), xsub.Send(ctx, []byte("\x01sport/"))); err != nil {
		return err
	}
	wish, err := xpub.Recv(ctx)
	if err != nil {
		return err
	}
	if err := xpub.Send(ctx, []byte("sport/chess"), []byte("mate")); err != nil {
		return err
	}
	m, err := xsub.Recv(ctx)
	fmt.Printf("XPUB   <-> XSUB    the publisher saw the subscription %q and sent %v\n", wish[0], m)
	return err
}

// reqRep: a request, a reply, the next request.
func reqRep(ctx context.Context) error {
	rep, err := socket.NewRep()
	if err != nil {
		return err
	}
	defer rep.Close()
	req, err := socket.NewReq()
	if err != nil {
		return err
	}
	defer req.Close()
	endpoint, err := rep.Bind("tcp://127.0.0.1:0")
	if err = errors.Join(err, req.Connect(endpoint)); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() {
		served <- rep.Serve(ctx, func(_ context.Context, m socket.Message) (socket.Message, error) {
			return socket.Message{bytes.ToUpper(m[0])}, nil
		})
	}()
	reply, err := req.Request(ctx, []byte("hello"))
	if err = errors.Join(err, rep.Close(), <-served); err != nil {
		return err
	}
	fmt.Println("REQ    <-> REP     hello was answered with", reply)
	return nil
}

// dealerRouter: many requests under way, and replies to whom and when one likes.
func dealerRouter(ctx context.Context) error {
	router, err := socket.NewRouter()
	if err != nil {
		return err
	}
	defer router.Close()
	dealer, err := socket.NewDealer(socket.WithIdentity([]byte("dora")))
	if err != nil {
		return err
	}
	defer dealer.Close()
	_, err = router.Bind("inproc://desk")
	if err = errors.Join(err, dealer.Connect("inproc://desk")); err != nil {
		return err
	}
	for _, question := range []string{"first", "second"} {
		if err := dealer.Send(ctx, []byte(question)); err != nil {
			return err
		}
	}
	var asked []socket.Message
	for range 2 {
		m, err := router.Recv(ctx)
		if err != nil {
			return err
		}
		asked = append(asked, m)
	}
	id := socket.PeerID(asked[0][0]) // the same in both: who asked
	if err := errors.Join(router.SendTo(ctx, id, asked[1][1]), router.SendTo(ctx, id, asked[0][1])); err != nil {
		return err
	}
	one, err1 := dealer.Recv(ctx)
	two, err2 := dealer.Recv(ctx)
	fmt.Printf("DEALER <-> ROUTER  %s asked twice and was answered out of order: %v %v\n", id, one, two)
	return errors.Join(err1, err2)
}

// dealerRep: a DEALER talks to a REP if it sends the empty frame that a REQ
// would have put in front.
func dealerRep(ctx context.Context) error {
	rep, err := socket.NewRep()
	if err != nil {
		return err
	}
	defer rep.Close()
	dealer, err := socket.NewDealer()
	if err != nil {
		return err
	}
	defer dealer.Close()
	_, err = rep.Bind("inproc://counter")
	if err = errors.Join(err, dealer.Connect("inproc://counter"), dealer.Send(ctx, nil, []byte("two, please"))); err != nil {
		return err
	}
	request, err := rep.Recv(ctx)
	if err = errors.Join(err, rep.Send(ctx, []byte("here you are"))); err != nil {
		return err
	}
	reply, err := dealer.Recv(ctx)
	fmt.Println("DEALER <-> REP    ", request, "was answered with", reply)
	return err
}

// pair: exactly two, both ways, in any order.
func pair(ctx context.Context) error {
	left, err := socket.NewPair()
	if err != nil {
		return err
	}
	defer left.Close()
	right, err := socket.NewPair()
	if err != nil {
		return err
	}
	defer right.Close()
	_, err = left.Bind("inproc://wire")
	err = errors.Join(err, right.Connect("inproc://wire"),
		right.Send(ctx, []byte("ping")), right.Send(ctx, []byte("ping again")), left.Send(ctx, []byte("pong")))
	if err != nil {
		return err
	}
	m, err := right.Recv(ctx)
	fmt.Println("PAIR   <-> PAIR    two pings crossed a", m)
	return err
}
