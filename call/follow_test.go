package call_test

import (
	"context"
	"testing"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/static"
)

// TestFollow lets discovery keep a client connected.
func TestFollow(t *testing.T) {
	const servers = 3
	var endpoints []string
	who := make(chan int, 100)
	for i := range servers {
		s := newServer(t)
		check(t, s.Handle("who", func(context.Context, *call.Request) ([]byte, error) {
			who <- i
			return nil, nil
		}))
		endpoints = append(endpoints, bind(t, s, "tcp"))
	}
	b, err := static.New(static.Endpoints("kv", "ROUTER", endpoints...)...)
	check(t, err)
	defer b.Close()
	c := newClient(t)
	f, err := discovery.Follow(within(t), b, "kv", c, discovery.WithLoopback())
	check(t, err)
	check(t, c.WaitServers(within(t), servers))
	answered := make(map[int]bool)
	for range 2 * servers { // the idle ones take turns
		_, err := c.Call(within(t), "who", nil)
		check(t, err)
		answered[<-who] = true
	}
	if len(answered) != servers {
		t.Errorf("%d of %d servers were called", len(answered), servers)
	}
	check(t, f.Close())
	if _, err := c.Call(within(t), "who", nil, call.FailFast()); call.CodeOf(err) != call.Unavailable {
		t.Errorf("after the end: %v", err)
	}
}
