// Lazypirate is a client that can rely on a server that cannot be relied upon:
// it asks, waits for a while, asks again, and after some attempts gives up.
//
// It runs client and server in one process, over TCP. The server crashes over
// one request, is too slow for another, and at last goes for good. See
// README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "lazypirate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	const patience = 300 * time.Millisecond
	troubles := map[string]trouble{"3": crash, "5": overload}
	s, err := startServer(ctx, "tcp://127.0.0.1:0", patience, troubles)
	if err != nil {
		return err
	}
	defer s.stop()
	c, err := newClient(s.endpoint, patience, 3)
	if err != nil {
		return err
	}
	defer c.close()

	for _, request := range []string{"1", "2", "3", "4", "5", "6"} {
		reply, attempts, err := c.ask(ctx, request)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s, at attempt %d\n", request, reply, attempts)
	}
	s.stop()
	switch _, _, err := c.ask(ctx, "7"); {
	case err == nil:
		return errors.New("a server that has gone answered")
	case !errors.Is(err, errNoAnswer):
		return err
	}
	fmt.Println("7: given up")
	return nil
}
