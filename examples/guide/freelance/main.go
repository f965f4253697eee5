// Freelance is a client of several servers that are all alike, without anything
// between them: it asks the first that answers.
//
// It runs three servers and the client in one process, over TCP. The first
// server stops, the second hangs, and the first comes back. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "freelance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var servers []*server
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	names := make(map[socket.PeerID]string)
	var endpoints []string
	for _, name := range []string{"A", "B", "C"} {
		s, err := startServer(ctx, "")
		if err != nil {
			return err
		}
		servers, endpoints = append(servers, s), append(endpoints, s.endpoint)
		names[socket.PeerID(s.endpoint)] = name
	}
	c, err := newClient(50*time.Millisecond, 100*time.Millisecond, endpoints...)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.router.WaitPeers(ctx, len(servers)); err != nil {
		return err
	}

	const times = 10
	ask := func(until string) error {
		for n := 0; n < times; {
			got, err := c.ask(ctx, []byte("hello"))
			if err != nil {
				return err
			}
			if string(got.body) != "echo of hello" {
				return fmt.Errorf("a server says %q", got.body)
			}
			if names[got.from] == until {
				n++
			}
		}
		fmt.Printf("%s answered %d requests\n", until, times)
		return nil
	}
	if err := ask("A"); err != nil {
		return err
	}
	servers[0].stop()
	fmt.Println("A has stopped")
	if err := ask("B"); err != nil {
		return err
	}
	servers[1].hangs.Store(true)
	fmt.Println("B hangs")
	if err := ask("C"); err != nil {
		return err
	}
	again, err := startServer(ctx, servers[0].endpoint)
	if err != nil {
		return err
	}
	defer again.stop()
	fmt.Println("A is back")
	return ask("A")
}
