package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/socket"
)

// A client has the methods of the servers, and counts its calls.
type client struct {
	callers
	c *call.Client

	calls   atomic.Int64
	again   atomic.Int64 // calls that were sent more than once
	resumed atomic.Int64 // lists that went on with another server
	failed  atomic.Int64 // calls that came to nothing
}

// newClient returns a client of servers, be they there or not.
func newClient(endpoints string) (*client, error) {
	k := new(client)
	var err error
	k.c, err = call.NewClient(
		call.WithInterceptors(k.count),
		call.WithSocket(socket.WithRedial(20*time.Millisecond, time.Second)), // a server is soon back here
	)
	if err != nil {
		return nil, err
	}
	k.callers = newCallers(k.c)
	for e := range strings.SplitSeq(endpoints, ",") {
		if err := k.c.Connect(e); err != nil {
			k.c.Close()
			return nil, err
		}
	}
	return k, nil
}

// count counts a call when it is over. That there is no such key is an answer
// as good as others, and a list that lost its server goes on.
func (k *client) count(ctx context.Context, info *call.Info, next func(context.Context) error) error {
	err := next(ctx)
	k.calls.Add(1)
	if info.Attempts > 1 {
		k.again.Add(1)
	}
	switch {
	case err == nil, errors.Is(err, call.NotFound):
	case info.Stream && errors.Is(err, call.ServerLost):
		k.resumed.Add(1)
	case errors.Is(err, context.Canceled):
	default:
		k.failed.Add(1)
	}
	return err
}

// all returns all entries whose keys begin with prefix. A stream whose server is
// lost ends, for nobody knows what would have come. But this one is in order, so
// that another server can be asked to go on after the last key that came.
func (k *client) all(ctx context.Context, prefix string, opts ...call.CallOption) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		r := Range{Prefix: prefix}
		for lost := true; lost; {
			lost = false
			for e, err := range k.list.Stream(ctx, r, opts...) {
				if errors.Is(err, call.ServerLost) {
					lost = true
					break
				}
				if !yield(e, err) {
					return
				}
				r.After = e.Key
			}
		}
	}
}

// reach waits until so many calls have been made.
func (k *client) reach(ctx context.Context, calls int) error {
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for k.calls.Load() < int64(calls) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// summary says how it went.
func (k *client) summary() string {
	return fmt.Sprintf("%d calls: %d were tried again, %d lists were resumed, %d failed",
		k.calls.Load(), k.again.Load(), k.resumed.Load(), k.failed.Load())
}
