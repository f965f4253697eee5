// Weather publishes reports of several stations, and lets readers choose
// regions by the beginning of the stations' names.
//
// Without flags it runs three stations and three readers in one process, over
// TCP. With -station or -regions it is one of them, on this machine or another.
// See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "weather:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		name    = flag.String("station", "", "be the station with this name")
		bind    = flag.String("bind", "tcp://127.0.0.1:0", "station: endpoint to listen on")
		readers = flag.Int("readers", 1, "station: readers to wait for")
		reports = flag.Int("reports", 3, "station: how many reports to send")
		every   = flag.Duration("every", 20*time.Millisecond, "station: pause between reports")
		regions = flag.String("regions", "", "be a reader of these regions, separated by commas")
		connect = flag.String("connect", "", "reader: endpoints of stations, separated by commas")
	)
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case *name != "" && *regions != "":
		return errors.New("-station and -regions are two different programs")
	case *name != "":
		s, err := newStation(*name, *bind)
		if err != nil {
			return err
		}
		fmt.Println(*name, "is at", s.endpoint)
		return s.report(ctx, *readers, *reports, *every)
	case *regions != "" && *connect == "":
		return errors.New("a reader needs -connect")
	case *regions != "":
		const untilStopped = -1
		return read(ctx, strings.Split(*regions, ","), strings.Split(*connect, ","), untilStopped)
	}
	return demonstrate(ctx, *reports, *every)
}

// demonstrate runs three stations and three readers.
func demonstrate(ctx context.Context, reports int, every time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	names := []string{"asia/tokyo", "europe/berlin", "europe/lisbon"}
	regions := [][]string{{"europe/"}, {"asia/", "europe/lis"}, {""}} // the empty one is everything

	var stations []*station
	var endpoints []string
	for _, name := range names {
		s, err := newStation(name, "tcp://127.0.0.1:0")
		if err != nil {
			return err
		}
		stations, endpoints = append(stations, s), append(endpoints, s.endpoint)
	}

	var everyone sync.WaitGroup
	failed := make(chan error, len(stations)+len(regions))
	for _, prefixes := range regions {
		heard := 0
		for _, name := range names {
			if matches(name, prefixes) {
				heard++
			}
		}
		everyone.Go(func() { failed <- read(ctx, prefixes, endpoints, heard) })
	}
	for _, s := range stations {
		readers := 0
		for _, prefixes := range regions {
			if matches(s.name, prefixes) {
				readers++
			}
		}
		everyone.Go(func() { failed <- s.report(ctx, readers, reports, every) })
	}
	everyone.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func matches(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
