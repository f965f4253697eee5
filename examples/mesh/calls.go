package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brokerless/brokerless/discovery/mesh"
	"github.com/brokerless/brokerless/socket"
)

const (
	service = "primes" // counts those up to a number
	largest = 20_000   // that somebody asks about
	report  = 50       // calls between two reports
)

// A caller has the mesh count primes, and notes who did.
type caller struct {
	node         *mesh.Node
	made, failed int
	answered     map[string]int // since the last report, by the name of who counted
}

// serve offers the service to all, this node among them. To count twice does no
// harm, so a call goes to another node if the first one is lost meanwhile.
func serve(node *mesh.Node) error {
	_, err := node.Serve(service, func(ctx context.Context, r mesh.Request) (socket.Message, error) {
		if len(r.Frames) != 1 {
			return nil, fmt.Errorf("got %v: want one number", r.Frames)
		}
		n, err := strconv.Atoi(string(r.Frames[0]))
		if err != nil || n < 0 || n > largest {
			return nil, fmt.Errorf("got %q: want a number from 0 to %d", r.Frames[0], largest)
		}
		return socket.Message{strconv.AppendInt(nil, int64(primes(n)), 10), []byte(node.Name())}, nil
	}, mesh.Idempotent())
	return err
}

// primes returns how many primes there are up to n, the slow way.
func primes(n int) (count int) {
	for p := 2; p <= n; p++ {
		prime := true
		for d := 2; d*d <= p && prime; d++ {
			prime = p%d != 0
		}
		if prime {
			count++
		}
	}
	return count
}

// run makes a call after each pause, until ctx is done.
func (c *caller) run(ctx context.Context, pause time.Duration) {
	if pause == 0 {
		return
	}
	clock := time.NewTicker(pause)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
		case <-ctx.Done():
			return
		}
		c.call(ctx)
	}
}

func (c *caller) call(ctx context.Context) {
	reply, err := c.node.Call(ctx, service, strconv.AppendInt(nil, rand.Int64N(largest), 10))
	switch {
	case ctx.Err() != nil:
		return // we are leaving, and the answer does not matter
	case err == nil && len(reply) != 2:
		err = fmt.Errorf("got %v: want a count and a name", reply)
	}
	c.made++
	if err != nil {
		c.failed++
		fmt.Println("a call failed:", printable(err.Error()))
		return
	}
	c.answered[string(reply[1])]++
	if c.made%report == 0 {
		fmt.Printf("%d calls were answered by %s\n", report, c.shares())
		clear(c.answered)
	}
}

// shares returns who answered how many calls, by name.
func (c *caller) shares() string {
	var all []string
	for name, n := range c.answered {
		all = append(all, fmt.Sprintf("%s %d", printable(name), n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
