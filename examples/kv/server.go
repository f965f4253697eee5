package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/brokerless/brokerless/call"
)

// farewell is how long a server that was asked to end may take to answer what
// it has begun.
const farewell = 5 * time.Second

// serve answers calls until ctx is done, and then those that are in flight.
func serve(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.folder, 0o755); err != nil {
		return err
	}
	s, err := newServer(store{o.folder}, o.takes)
	if err != nil {
		return err
	}
	defer s.Close()
	endpoint, err := s.Bind(o.bind)
	if err != nil {
		return err
	}
	fmt.Printf("server %d is %s%s\n", os.Getpid(), listeningOn, endpoint)
	<-ctx.Done()
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := s.Shutdown(leaving); err != nil {
		return err
	}
	fmt.Printf("server %d has answered all\n", os.Getpid())
	return nil
}

// newServer returns a server of a store. Each call takes some time, as it would
// with a store that has more to do.
func newServer(kv store, takes time.Duration) (*call.Server, error) {
	s, err := call.NewServer(call.WithInterceptors(slow(takes)))
	if err != nil {
		return nil, err
	}
	return s, errors.Join(
		call.Handle(s, methodGet, keys, values, func(_ context.Context, key string) ([]byte, error) { return kv.get(key) }),
		call.Handle(s, methodPut, entries, nothing, func(_ context.Context, e Entry) ([]byte, error) { return nil, kv.put(e) }),
		call.Handle(s, methodDelete, keys, nothing, func(_ context.Context, key string) ([]byte, error) { return nil, kv.delete(key) }),
		call.HandleStream(s, methodList, ranges, entries, func(_ context.Context, r Range) iter.Seq2[Entry, error] { return kv.list(r) }),
	)
}

// slow makes calls wait before they are executed, unless nobody waits for them
// any more.
func slow(d time.Duration) call.Interceptor {
	return func(ctx context.Context, _ *call.Info, next func(context.Context) error) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return next(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
