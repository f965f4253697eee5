package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/brokerless/brokerless/call"
)

// writers is how many goroutines write and read at once, each its own keys.
const writers = 16

// load makes about so many calls, and checks every answer. It returns the first
// thing that is not as it should be.
func load(ctx context.Context, k *client, calls int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			if err := write(ctx, k, fmt.Sprintf("writer-%02d/", n), calls/writers); err != nil {
				stop(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// write puts, gets and deletes under a prefix, which nobody else does, and in
// the end lists what is there. About so many calls are made of it.
func write(ctx context.Context, k *client, prefix string, calls int) error {
	want := make(map[string][]byte)
	for n := 0; n*3 < calls; n++ {
		key := fmt.Sprintf("%s%02d", prefix, n%20)
		value := fmt.Appendf(nil, "value %d of %s", n, key)
		if _, err := k.put.Call(ctx, Entry{key, value}); err != nil {
			return err
		}
		want[key] = value
		if got, err := k.get.Call(ctx, key); err != nil {
			return err
		} else if !bytes.Equal(got, value) {
			return fmt.Errorf("%s is %q, want %q", key, got, value)
		}
		if n%2 == 0 {
			continue
		}
		if _, err := k.delete.Call(ctx, key); err != nil {
			return err
		}
		delete(want, key)
		if got, err := k.get.Call(ctx, key); err == nil {
			return fmt.Errorf("%s was deleted, and is %q", key, got)
		} else if !errors.Is(err, call.NotFound) {
			return err
		}
	}
	got := 0
	for e, err := range k.all(ctx, prefix) {
		if err != nil {
			return err
		}
		if !bytes.Equal(e.Value, want[e.Key]) {
			return fmt.Errorf("in the list %s is %q, want %q", e.Key, e.Value, want[e.Key])
		}
		got++
	}
	if got != len(want) {
		return fmt.Errorf("%d keys are in the list of %s, want %d", got, prefix, len(want))
	}
	return nil
}
