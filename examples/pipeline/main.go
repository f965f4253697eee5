// Pipeline spreads work over processes and collects the results:
//
//	                +-> worker -+
//	ventilator ---> +-> worker -+ ---> sink
//	   PUSH         +-> worker -+      PULL
//	            (PULL, PUSH)
//
// Without a role it starts one process for each part, and checks that every
// item of work arrived at the sink exactly once. With a role it is that part,
// on this machine or another. See README.md.
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

// options are the command line. All processes of a pipeline have to be given
// the same number of items.
type options struct {
	role     string
	bind     string        // ventilator, sink: the endpoint to listen on
	connect  string        // worker: the ventilator's endpoint
	results  string        // worker: the sink's endpoint
	name     string        // worker: what the sink lists it under
	items    int           // how many in all
	workers  int           // how many to start, or for the ventilator to wait for
	size     int           // octets of an item
	patience time.Duration // sink: how long nothing may come
	untilEOF bool          // end with the standard input
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
		os.Exit(1)
	}
}

func run() error {
	var o options
	flag.StringVar(&o.role, "role", "", "ventilator, worker or sink; none starts all of them")
	flag.StringVar(&o.bind, "bind", "tcp://127.0.0.1:0", "ventilator, sink: endpoint to listen on")
	flag.StringVar(&o.connect, "connect", "", "worker: endpoint of the ventilator")
	flag.StringVar(&o.results, "results", "", "worker: endpoint of the sink")
	flag.StringVar(&o.name, "name", fmt.Sprintf("process %d", os.Getpid()), "worker: name in the sink's list")
	flag.IntVar(&o.items, "items", 200_000, "how many items of work")
	flag.IntVar(&o.workers, "workers", 4, "how many workers")
	flag.IntVar(&o.size, "size", 64, "octets of an item, at least 8")
	flag.DurationVar(&o.patience, "patience", 10*time.Second, "sink: give up when nothing came for so long")
	flag.BoolVar(&o.untilEOF, "until-eof", false, "end when the standard input does")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.items < 1 || o.workers < 1:
		return errors.New("-items and -workers want at least 1")
	case o.size < numberSize || o.size > 1<<20:
		return fmt.Errorf("-size %d: want %d to %d", o.size, numberSize, 1<<20)
	case o.role == "worker" && (o.connect == "" || o.results == ""):
		return errors.New("a worker needs -connect and -results")
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
	case "ventilator":
		return ventilate(ctx, o)
	case "worker":
		return work(ctx, o)
	case "sink":
		return collect(ctx, o)
	}
	return fmt.Errorf("-role %q: want ventilator, worker or sink", o.role)
}
