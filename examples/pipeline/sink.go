package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// afterwards is how long the sink listens on when it has everything, for items
// that come a second time.
const afterwards = 100 * time.Millisecond

// collect receives the results, shows how it goes, and returns nil if every
// item arrived exactly once with a right answer.
func collect(ctx context.Context, o options) error {
	pull, err := socket.NewPull()
	if err != nil {
		return err
	}
	defer pull.Close()
	endpoint, err := pull.Bind(o.bind)
	if err != nil {
		return err
	}
	announce("sink", endpoint)
	if err := pull.WaitPeers(ctx, 1); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(o.patience, cancel)
	defer quiet.Stop()
	t := newTally(o.items)
	var began time.Time
	for m, err := range pull.Messages(ctx) {
		if err != nil {
			break // nothing came for too long, or somebody stopped us
		}
		if began.IsZero() {
			began = time.Now()
		}
		if !t.add(m) {
			continue
		}
		quiet.Reset(o.patience)
		if tenths := t.arrived * 10 / o.items; tenths > (t.arrived-1)*10/o.items {
			showProgress(tenths, t.arrived, time.Since(began))
		}
		if t.arrived == o.items {
			quiet.Reset(afterwards)
		}
	}
	t.showShares()
	return t.verdict()
}

func showProgress(tenths, arrived int, took time.Duration) {
	bar := strings.Repeat("█", 2*tenths) + strings.Repeat("░", 20-2*tenths)
	fmt.Printf("%s %3d %%  %9d items  %6.2f s  %8.0f items/s\n",
		bar, 10*tenths, arrived, took.Seconds(), float64(arrived)/took.Seconds())
}
