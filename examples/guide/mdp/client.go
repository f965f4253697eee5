package mdp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A Client asks for services. It is safe for concurrent use; concurrent requests
// take turns.
type Client struct {
	req *socket.Req
}

// NewClient returns a client of the broker at endpoint, be it there or not.
func NewClient(endpoint string) (*Client, error) {
	req, err := socket.NewReq(
		socket.WithRedial(10*time.Millisecond, time.Second),
		socket.WithLinger(0), // who closes it waits for no reply
	)
	if err != nil {
		return nil, err
	}
	if err := req.Connect(endpoint); err != nil {
		req.Close()
		return nil, err
	}
	return &Client{req}, nil
}

// Close closes the client.
func (c *Client) Close() error { return c.req.Close() }

// Request asks a service, and waits for its reply until ctx is done. The broker
// keeps requests for a service that nobody offers, so that may well be what
// ends it. A request without a reply can be repeated at once; whether it was
// carried out is not known.
func (c *Client) Request(ctx context.Context, service string, body ...[]byte) (socket.Message, error) {
	frames := append([][]byte{[]byte(ofClients), []byte(service)}, body...)
	reply, err := c.req.Request(ctx, frames...)
	if err != nil {
		return nil, err
	}
	if len(reply) < 3 || string(reply[0]) != ofClients || string(reply[1]) != service {
		return nil, fmt.Errorf("mdp: not a reply of service %q: %v", service, reply)
	}
	return reply[2:], nil
}

// Insist is Request that asks again whenever no reply has come within patience,
// until ctx is done: a worker that crashes takes its request with it. It is for
// services that may be asked twice.
func (c *Client) Insist(ctx context.Context, patience time.Duration, service string, body ...[]byte) (socket.Message, error) {
	for {
		attempt, cancel := context.WithTimeout(ctx, patience)
		reply, err := c.Request(attempt, service, body...)
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return reply, err
		}
	}
}
