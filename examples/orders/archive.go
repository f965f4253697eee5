package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

// afterwards is how long the archive listens on when it has everything, for
// outcomes that come a second time.
const afterwards = 100 * time.Millisecond

// An archive learns what became of every message, and tells the shops.
type archive struct {
	receipts *socket.Pull // of what was handled
	letters  *socket.Pull // that are dead
	news     *socket.Pub
}

// collect runs an archive until all messages are accounted for. It returns nil
// if each was handled or given up exactly once.
func collect(ctx context.Context, o options) (err error) {
	var a archive
	if err := a.open(o); err != nil {
		return errors.Join(err, a.close())
	}
	defer func() { err = errors.Join(err, a.close()) }()
	for shop := range strings.SplitSeq(o.shops, ",") { // what is published before would be for nobody
		if shop == "" {
			continue
		}
		if err := a.news.WaitSubscribers(ctx, shop+"/", 1); err != nil {
			return err
		}
	}
	if err := a.receipts.WaitPeers(ctx, 1); err != nil {
		return err
	}
	return a.run(ctx, o)
}

func (a *archive) open(o options) (err error) {
	if a.receipts, err = socket.NewPull(); err != nil {
		return err
	}
	if a.letters, err = socket.NewPull(); err != nil {
		return err
	}
	if a.news, err = socket.NewPub(); err != nil {
		return err
	}
	for _, s := range []struct {
		what, endpoint string
		bind           func(string) (string, error)
	}{
		{"receipts", o.receipts, a.receipts.Bind},
		{"dead letters", o.dead, a.letters.Bind},
		{"readers of news", o.news, a.news.Bind},
	} {
		endpoint, err := s.bind(s.endpoint)
		if err != nil {
			return err
		}
		listening("archive", s.what, endpoint)
	}
	return nil
}

// close closes what was opened. The news are sent before.
func (a *archive) close() error {
	var errs []error
	if a.receipts != nil {
		errs = append(errs, a.receipts.Close())
	}
	if a.letters != nil {
		errs = append(errs, a.letters.Close())
	}
	if a.news != nil {
		errs = append(errs, a.news.Close())
	}
	return errors.Join(errs...)
}

// run counts outcomes and publishes them, each under the id of its order, which
// begins with the shop.
func (a *archive) run(ctx context.Context, o options) error {
	var readers sync.WaitGroup
	defer readers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make(chan Outcome)
	readers.Go(func() { a.readReceipts(ctx, all) })
	readers.Go(func() { a.readLetters(ctx, all) })

	news := codec.NewPublisher(a.news, outcomes, func(o Outcome) string { return o.Order })
	t := newTally(o.messages)
	quiet := time.NewTimer(o.patience)
	defer quiet.Stop()
	for {
		select {
		case outcome := <-all:
			if !t.add(outcome) {
				continue
			}
			quiet.Reset(o.patience)
			if t.complete() {
				quiet.Reset(afterwards)
			}
			if outcome.Dead != "" {
				fmt.Printf("%-10s %s\n", "dead", outcome)
			}
			if outcome.Order == "" {
				continue // nobody can tell whose it was
			}
			if err := news.Send(ctx, outcome); err != nil {
				return err
			}
		case <-quiet.C:
			t.showWorkers()
			return t.verdict()
		case <-ctx.Done():
			return errors.Join(ctx.Err(), t.verdict())
		}
	}
}

// readReceipts passes on what workers say that they have handled.
func (a *archive) readReceipts(ctx context.Context, to chan<- Outcome) {
	for outcome, err := range codec.NewReceiver(a.receipts, outcomes).Values(ctx) {
		if bad := new(codec.DecodeError); errors.As(err, &bad) {
			outcome = Outcome{Dead: err.Error()} // whoever sends that knows no receipts
		} else if err != nil {
			return
		}
		select {
		case to <- outcome:
		case <-ctx.Done():
			return
		}
	}
}

// readLetters passes on what workers have given up: why, and then the message as
// it was. If that is an order, its shop will be told.
func (a *archive) readLetters(ctx context.Context, to chan<- Outcome) {
	for m, err := range a.letters.Messages(ctx) {
		if err != nil {
			return
		}
		outcome := Outcome{Dead: string(m[0])}
		var o Order
		if len(m) == 2 && orders.Decode(m[1], &o) == nil {
			outcome.Order = o.ID
		}
		select {
		case to <- outcome:
		case <-ctx.Done():
			return
		}
	}
}
