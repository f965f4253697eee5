// Discover shows who is here: the services that are announced, as they come,
// change and go, and whether they can be reached.
//
// With -announce it is also here itself, and answers those who greet it. Where
// multicast does not work, flags tell where else to look. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

type options struct {
	id       discovery.ID // of what is announced
	places   places
	service  string        // to look for; empty for all
	announce string        // the service to be found as; empty to look only
	name     string        // for people to read
	realm    string        // of what is announced, and greeted
	bind     string        // where to answer greetings
	loopback bool          // greet at loopback addresses too
	runFor   time.Duration // 0 is until Ctrl-C
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "discover:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	o := options{id: discovery.NewID()}
	o.places.flags(flag.CommandLine)
	flag.StringVar(&o.service, "service", "", "show only this service; none shows all")
	flag.StringVar(&o.announce, "announce", "", "be found as this service, and answer greetings")
	flag.StringVar(&o.name, "name", "", "with -announce: a name for people to read (default the process id)")
	flag.StringVar(&o.realm, "realm", "", "with -announce: who may meet; greet only those of this realm")
	flag.StringVar(&o.bind, "bind", "tcp://0.0.0.0:0", "with -announce: endpoint to answer at")
	flag.BoolVar(&o.loopback, "loopback", false, "greet at loopback addresses too, if all are on this host")
	flag.DurationVar(&o.runFor, "for", 0, "end after this time (default until Ctrl-C)")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if o.name == "" {
		o.name = fmt.Sprintf("process %d", os.Getpid())
	}

	backend, err := o.places.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	if o.runFor > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.runFor)
		defer cancel()
	}
	if o.announce != "" {
		g, err := announce(ctx, backend, o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, g.close()) }()
	}
	v := newVisitor(backend, o)
	defer v.wait()
	err = watch(ctx, backend, o.service, v)
	if ctx.Err() != nil { // Ctrl-C, or the time is over
		return nil
	}
	return err
}
