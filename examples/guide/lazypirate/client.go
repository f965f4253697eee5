package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// errNoAnswer is what ask returns when it gives up.
var errNoAnswer = errors.New("no answer")

// A client asks one server, several times if need be.
type client struct {
	req      *socket.Req
	patience time.Duration // for one attempt
	attempts int
}

// newClient returns a client of the server at endpoint, be it there or not.
func newClient(endpoint string, patience time.Duration, attempts int) (*client, error) {
	req, err := socket.NewReq(
		socket.WithCorrelate(), // a reply to an earlier attempt is known for what it is
		socket.WithRedial(10*time.Millisecond, 100*time.Millisecond), // somebody is waiting
		socket.WithLinger(0), // a request that nobody waits for need not be sent
	)
	if err != nil {
		return nil, err
	}
	if err := req.Connect(endpoint); err != nil {
		req.Close()
		return nil, err
	}
	return &client{req: req, patience: patience, attempts: attempts}, nil
}

func (c *client) close() { c.req.Close() }

// ask asks until there is an answer, at most so many times, and says at which
// attempt it came. The server may have done what it was asked more than once.
func (c *client) ask(ctx context.Context, request string) (reply string, attempt int, err error) {
	for attempt = 1; attempt <= c.attempts; attempt++ {
		reply, err = c.try(ctx, request)
		switch {
		case err == nil:
			return reply, attempt, nil
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return "", attempt, err
		}
		fmt.Printf("%s: no answer within %v\n", request, c.patience)
	}
	return "", c.attempts, fmt.Errorf("%w to %q in %d attempts", errNoAnswer, request, c.attempts)
}

// try makes one attempt. When its time is over the request is given up, and the
// socket is ready for the next; there is no need to close it and make another.
func (c *client) try(ctx context.Context, request string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	reply, err := c.req.Request(ctx, []byte(request))
	if err != nil {
		return "", err
	}
	return string(reply[0]), nil
}
