// Orders is a pipeline of typed messages, in which none gets lost silently:
//
//	        +-> worker -+ receipts
//	shop ---+-> worker -+----------> archive
//	        +-> worker -+ dead letters   |
//	  ^                                  |
//	  +--------------- news -------------+
//
// Without a role it starts one process for each part, and checks that every
// message was handled or is a dead letter. With a role it is that part, on this
// machine or another. The shop may as well be client.py. See README.md.
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
	name     string        // shop, worker: what the archive knows it as
	bind     string        // shop: endpoint to listen on, for workers
	connect  string        // worker: the shops' endpoints, with commas
	receipts string        // archive: endpoint to listen on; worker: of the archive
	dead     string        // the same for dead letters
	news     string        // archive: endpoint to listen on; shop: of the archive
	orders   int           // shop: how many to send
	workers  int           // how many to start, or for the shop to wait for
	messages int           // archive: how many there will be in all
	shops    string        // archive: shops to wait for until they read the news, with commas
	tries    int           // worker: how often to try an order
	patience time.Duration // archive, shop: how long nothing may come
	untilEOF bool          // end with the standard input
}

func main() {
	if err := run(); err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "orders:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	const anywhere = "tcp://127.0.0.1:0"
	flag.StringVar(&o.role, "role", "", "shop, worker or archive; none starts all of them")
	flag.StringVar(&o.name, "name", "", "shop, worker: name (default the role and the process id)")
	flag.StringVar(&o.bind, "bind", anywhere, "shop: endpoint to listen on for workers")
	flag.StringVar(&o.connect, "connect", "", "worker: endpoints of the shops, with commas")
	flag.StringVar(&o.receipts, "receipts", anywhere, "archive: endpoint to listen on for receipts; worker: where that is")
	flag.StringVar(&o.dead, "dead", anywhere, "archive: endpoint to listen on for dead letters; worker: where that is")
	flag.StringVar(&o.news, "news", anywhere, "archive: endpoint to publish news at; shop: where that is")
	flag.IntVar(&o.orders, "orders", 200, "shop: how many orders to send")
	flag.IntVar(&o.workers, "workers", 3, "how many workers")
	flag.IntVar(&o.messages, "messages", 201, "archive: how many messages there will be; a shop sends one more than orders")
	flag.StringVar(&o.shops, "shops", "", "archive: names of shops that have to read the news before anything is counted, with commas")
	flag.IntVar(&o.tries, "tries", 3, "worker: how often to try an order")
	flag.DurationVar(&o.patience, "patience", 10*time.Second, "archive, shop: give up when nothing came for so long")
	flag.BoolVar(&o.untilEOF, "until-eof", false, "end when the standard input does")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.orders < 1 || o.workers < 1 || o.messages < 1 || o.tries < 1:
		return errors.New("-orders, -workers, -messages and -tries want at least 1")
	case o.role == "worker" && (o.connect == "" || o.receipts == anywhere || o.dead == anywhere):
		return errors.New("a worker needs -connect, -receipts and -dead")
	case o.role == "shop" && o.news == anywhere:
		return errors.New("a shop needs -news")
	}
	if o.name == "" {
		o.name = fmt.Sprintf("%s-%d", o.role, os.Getpid())
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
		return all(ctx, o)
	case "shop":
		return sell(ctx, o)
	case "worker":
		return work(ctx, o)
	case "archive":
		return collect(ctx, o)
	}
	return fmt.Errorf("-role %q: want shop, worker or archive", o.role)
}
