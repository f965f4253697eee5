package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A client asks the queue, and asks again if no answer comes.
type client struct {
	req      *socket.Req
	patience time.Duration // for one attempt
	answered int
}

func newClient(front string, patience time.Duration) (*client, error) {
	req, err := socket.NewReq(
		socket.WithCorrelate(),
		socket.WithRedial(10*time.Millisecond, 100*time.Millisecond),
		socket.WithLinger(0),
	)
	if err != nil {
		return nil, err
	}
	if err := req.Connect(front); err != nil {
		req.Close()
		return nil, err
	}
	return &client{req: req, patience: patience}, nil
}

// askAll makes requests first to last, each until it is answered.
func (c *client) askAll(ctx context.Context, first, last int) error {
	for n := first; n <= last; n++ {
		for {
			worker, err := c.try(ctx, n)
			if err == nil {
				fmt.Printf("request %-2d answered by %s\n", n, worker)
				c.answered++
				break
			}
			if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			fmt.Printf("request %-2d got no answer within %v\n", n, c.patience)
		}
	}
	return nil
}

func (c *client) try(ctx context.Context, n int) (worker string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	reply, err := c.req.Request(ctx, []byte(strconv.Itoa(n)))
	if err != nil {
		return "", err
	}
	return string(reply[0]), nil
}
