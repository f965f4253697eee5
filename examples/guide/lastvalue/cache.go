package main

import (
	"context"

	"github.com/brokerless/brokerless/socket"
)

// A cache publishes again what it hears, and to those who come late the newest
// message of each topic they want.
type cache struct {
	sub      *socket.Sub
	pub      *socket.Pub
	endpoint string
}

// newCache returns a cache of what is published at source.
func newCache(source string) (*cache, error) {
	sub, err := socket.NewSub(socket.WithRecvHWM(0))
	if err != nil {
		return nil, err
	}
	pub, err := socket.NewPub(socket.WithLastValue(), socket.WithSendHWM(0))
	if err != nil {
		sub.Close()
		return nil, err
	}
	c := &cache{sub: sub, pub: pub}
	c.endpoint, err = pub.Bind("tcp://127.0.0.1:0")
	if err == nil {
		err = sub.Subscribe("")
	}
	if err == nil {
		err = sub.Connect(source)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *cache) close() {
	c.sub.Close()
	c.pub.Close()
}

// run forwards until ctx is done.
func (c *cache) run(ctx context.Context) {
	defer c.close()
	for m, err := range c.sub.Messages(ctx) {
		if err != nil || c.pub.Send(ctx, m...) != nil {
			return
		}
	}
}
