package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A client asks a server for squares until it gets them.
type client struct {
	req      *socket.Req
	timeout  time.Duration
	answered map[string]int // how many answers each server process gave
}

// newClient returns a client of the server at endpoint, be it there or not.
// The pauses between attempts to connect stay short here, for somebody waits.
func newClient(endpoint string, timeout time.Duration) (*client, error) {
	req, err := socket.NewReq(socket.WithRedial(50*time.Millisecond, time.Second))
	if err != nil {
		return nil, err
	}
	if err := req.Connect(endpoint); err != nil {
		req.Close()
		return nil, err
	}
	return &client{req: req, timeout: timeout, answered: make(map[string]int)}, nil
}

// run asks for the squares of first to last.
func (c *client) run(ctx context.Context, first, last int, every time.Duration) error {
	clock := time.NewTicker(every)
	defer clock.Stop()
	for n := first; n <= last; n++ {
		square, err := c.ask(ctx, n)
		if err != nil {
			return err
		}
		if square != strconv.Itoa(n*n) {
			return fmt.Errorf("%d squared is not %s", n, square)
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ask asks until there is an answer, or ctx is done. That a request can be
// repeated without harm is for the service to see to: when there was no answer,
// nobody knows whether it was carried out.
func (c *client) ask(ctx context.Context, n int) (square string, err error) {
	for {
		square, err = c.attempt(ctx, n)
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return square, err
		}
	}
}

// attempt makes one request, and gives it up after the timeout. The socket can
// make the next one then; it connects again by itself.
func (c *client) attempt(ctx context.Context, n int) (square string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	reply, err := c.req.Request(ctx, []byte("square"), []byte(strconv.Itoa(n)))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Printf("request %-3d got no answer within %v\n", n, c.timeout)
		return "", err
	case err != nil:
		return "", err
	case len(reply) == 2 && string(reply[0]) == "error":
		return "", fmt.Errorf("the server says: %s", reply[1])
	case len(reply) != 3:
		return "", fmt.Errorf("the server says what we do not understand: %v", reply)
	}
	server := string(reply[2])
	c.answered[server]++
	fmt.Printf("request %-3d %d squared is %s, says server %s\n", n, n, reply[1], server)
	return string(reply[1]), nil
}
