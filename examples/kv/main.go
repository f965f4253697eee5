// Kv is a store of keys and values that clients call, and carry on calling while
// its servers are killed and started again.
//
// Without a role it is the client, and runs three servers as processes of their
// own. With -role it is one of the two, on this machine or another. The client
// may as well be client.py. See README.md.
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
	folder   string        // server: where the values are
	takes    time.Duration // server: how long each call is made to take
	connect  string        // client: endpoints of the servers, with commas
	calls    int           // client: about how many to make
	untilEOF bool          // end with the standard input
}

func main() {
	if err := run(); err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "kv:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	flag.StringVar(&o.role, "role", "", "server or client; none is a client that runs its own servers")
	flag.StringVar(&o.bind, "bind", "tcp://127.0.0.1:0", "server: endpoint to listen on")
	flag.StringVar(&o.folder, "folder", "", "server: where the values are; servers may share it")
	flag.DurationVar(&o.takes, "takes", time.Millisecond, "server: how long each call is made to take")
	flag.StringVar(&o.connect, "connect", "", "client: endpoints of the servers, with commas")
	flag.IntVar(&o.calls, "calls", 6000, "client: about how many calls to make")
	flag.BoolVar(&o.untilEOF, "until-eof", false, "end when the standard input does")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.calls < 1000 || o.takes < 0:
		return errors.New("-calls wants at least 1000, and -takes 0 or more")
	case o.role == "server" && o.folder == "":
		return errors.New("a server needs -folder")
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
		return serve(ctx, o)
	case "client":
		k, err := newClient(o.connect)
		if err != nil {
			return err
		}
		defer k.c.Close()
		if err := k.c.WaitServers(ctx, 1); err != nil {
			return err
		}
		fmt.Println("a server is there")
		err = load(ctx, k, o.calls)
		fmt.Println(k.summary())
		return err
	}
	return fmt.Errorf("-role %q: want server or client", o.role)
}
