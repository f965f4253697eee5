package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	headStart   = 150 * time.Millisecond // of a candidate before the next is tried beside it
	tryTime     = 5 * time.Second        // for one candidate
	maxRaceTime = 15 * time.Second
)

// A failedRace is why none of the endpoints was reached, each in turn.
type failedRace []error

func (f failedRace) Error() string {
	texts := make([]string, len(f))
	for i, err := range f {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (f failedRace) Unwrap() []error { return f }

// failure names the endpoint, which the errors of package net do too.
func failure(endpoint string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fmt.Errorf("%s: %w", endpoint, err)
}

// race dials the endpoints, the next as soon as one fails or takes its time,
// and returns the first connection, and to which endpoint it is. What comes
// later is closed. When it returns, nothing goes on. The error has those of all
// endpoints, of which there is at least one.
func race(ctx context.Context, endpoints []string, dial func(context.Context, string) (net.Conn, error)) (net.Conn, string, error) {
	type outcome struct {
		conn     net.Conn
		endpoint string
		err      error
	}
	ctx, cancel := context.WithTimeout(ctx, maxRaceTime)
	outcomes := make(chan outcome, len(endpoints))
	var running sync.WaitGroup
	defer func() {
		cancel()
		running.Wait()
		close(outcomes)
		for o := range outcomes {
			if o.conn != nil {
				o.conn.Close()
			}
		}
	}()
	started, ended := 0, 0
	start := func() {
		e := endpoints[started]
		started++
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, tryTime)
			defer cancel()
			conn, err := dial(ctx, e)
			if err != nil {
				conn, err = nil, failure(e, err)
			}
			outcomes <- outcome{conn, e, err}
		})
	}
	next := time.NewTicker(headStart)
	defer next.Stop()
	start()
	var failures failedRace
	for ended < len(endpoints) {
		select {
		case o := <-outcomes:
			if o.err == nil {
				return o.conn, o.endpoint, nil
			}
			ended++
			failures = append(failures, o.err)
			if started < len(endpoints) && ctx.Err() == nil {
				start()
				next.Reset(headStart)
			}
		case <-next.C:
			if started < len(endpoints) {
				start()
			}
		case <-ctx.Done():
			return nil, "", append(failures, ctx.Err())
		}
	}
	return nil, "", failures
}
