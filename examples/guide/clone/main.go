// Clone is a table of keys and values that is the same in many programs: a
// server numbers all changes and publishes them, and who comes late, or was away,
// asks it for a snapshot first.
//
// It runs a server and three clients in one process, over TCP. One client comes
// late, one has only a part of the table, a value ends by itself, and the server
// is started again. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "clone:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	const anywhere = "tcp://127.0.0.1:0"
	s, err := startServer(ctx, places{anywhere, anywhere, anywhere})
	if err != nil {
		return err
	}
	defer func() { s.stop() }()
	first, err := newClient(ctx, s.places, "")
	if err != nil {
		return err
	}
	defer first.stop()
	if err := set(ctx, first, "/red/1", "/red/2", "/blue/1"); err != nil {
		return err
	}
	all := table{"/red/1": "1", "/red/2": "2", "/blue/1": "3"}
	if err := show(ctx, "the first client", first, all); err != nil {
		return err
	}

	late, err := newClient(ctx, s.places, "")
	if err != nil {
		return err
	}
	defer late.stop()
	if err := show(ctx, "one that comes late", late, all); err != nil {
		return err
	}
	part, err := newClient(ctx, s.places, "/red/")
	if err != nil {
		return err
	}
	defer part.stop()
	if err := show(ctx, "one of a part", part, table{"/red/1": "1", "/red/2": "2"}); err != nil {
		return err
	}

	if err := late.set(ctx, "/red/2", "", 0); err != nil {
		return err
	}
	if err := late.set(ctx, "/red/3", "for a moment", time.Second); err != nil {
		return err
	}
	if err := show(ctx, "after a change", part, table{"/red/1": "1", "/red/3": "for a moment"}); err != nil {
		return err
	}
	if err := show(ctx, "a moment later", part, table{"/red/1": "1"}); err != nil {
		return err
	}

	s.stop()
	fmt.Println("the server is started again, and has forgotten everything")
	if s, err = startServer(ctx, s.places); err != nil {
		return err
	}
	if err := show(ctx, "the first client", first, table{}); err != nil {
		return err
	}
	if err := set(ctx, late, "/green/1"); err != nil {
		return err
	}
	return show(ctx, "the first client", first, table{"/green/1": "1"})
}

type table = map[string]string

// set sets keys to 1, 2 and so on.
func set(ctx context.Context, c *client, keys ...string) error {
	for i, key := range keys {
		if err := c.set(ctx, key, fmt.Sprint(i+1), 0); err != nil {
			return err
		}
	}
	return nil
}

// show waits until a client's copy is what it should be.
func show(ctx context.Context, who string, c *client, want table) error {
	got, err := c.wait(ctx, func(t table) bool { return maps.Equal(t, want) })
	if err != nil {
		return fmt.Errorf("%s: %w", who, err)
	}
	fmt.Printf("%s has %v\n", who, got)
	return nil
}
