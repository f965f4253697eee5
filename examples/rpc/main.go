// Rpc calls a server that is killed and started again in the middle, while the
// client carries on.
//
// Without a role it is the client, and runs the server as a process of its own.
// With -role it is one of the two, on this machine or another. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

type options struct {
	role     string
	bind     string        // server: endpoint to listen on
	connect  string        // client: the server's endpoint
	requests int           // client: how many to make
	timeout  time.Duration // client: for one attempt
	every    time.Duration // client: pause between requests
	untilEOF bool          // end with the standard input
}

func main() {
	if err := run(); err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "rpc:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	flag.StringVar(&o.role, "role", "", "server or client; none is a client that runs its own server")
	flag.StringVar(&o.bind, "bind", "tcp://127.0.0.1:0", "server: endpoint to listen on")
	flag.StringVar(&o.connect, "connect", "", "client: endpoint of the server")
	flag.IntVar(&o.requests, "requests", 10, "client: how many requests to make")
	flag.DurationVar(&o.timeout, "timeout", 300*time.Millisecond, "client: how long one attempt may take")
	flag.DurationVar(&o.every, "every", 20*time.Millisecond, "client: pause between requests")
	flag.BoolVar(&o.untilEOF, "until-eof", false, "end when the standard input does")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.requests < 2 || o.timeout <= 0 || o.every <= 0:
		return errors.New("-requests wants at least 2, -timeout and -every more than 0")
	case o.role == "client" && o.connect == "":
		return errors.New("a client needs -connect")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.untilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end as well
			stop()
		}()
	}
	switch o.role {
	case "":
		return demonstrate(ctx, o)
	case "server":
		return serve(ctx, o.bind)
	case "client":
		c, err := newClient(o.connect, o.timeout)
		if err != nil {
			return err
		}
		defer c.req.Close()
		return c.run(ctx, 1, o.requests, o.every)
	}
	return fmt.Errorf("-role %q: want server or client", o.role)
}

// demonstrate makes the first half of the requests, kills the server, sees one
// attempt fail, starts the server again, and makes the other half.
func demonstrate(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	first, err := startServer(ctx, o.bind)
	if err != nil {
		return err
	}
	defer first.kill()
	c, err := newClient(first.endpoint, o.timeout)
	if err != nil {
		return err
	}
	defer c.req.Close()
	half := o.requests / 2
	if err := c.run(ctx, 1, half, o.every); err != nil {
		return err
	}

	first.kill()
	fmt.Println("the server was killed")
	if _, err := c.attempt(ctx, half+1); err == nil {
		return errors.New("a server that was killed answered")
	}
	second, err := startServer(ctx, first.endpoint)
	if err != nil {
		return err
	}
	defer second.kill()
	if err := c.run(ctx, half+1, o.requests, o.every); err != nil {
		return err
	}
	fmt.Printf("%d requests were answered, by %d servers\n", o.requests, len(c.answered))
	return nil
}
