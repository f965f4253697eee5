package zre

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// TestChurn has nodes come and go, some with their old ids, while all methods of
// one that stays are called at once. At the end it serves whoever is there.
func TestChurn(t *testing.T) {
	stays := node(t, nil)
	to := WithBeaconTo(fmt.Sprintf("127.0.0.1:%d", stays.BeaconPort()))
	ctx, cancel := context.WithCancel(within(t))
	var calls sync.WaitGroup
	call := func(f func() error) {
		calls.Go(func() {
			for ctx.Err() == nil {
				if err := f(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrUnknownPeer) {
					t.Error(err)
					return
				}
			}
		})
	}
	call(func() error { _, err := stays.Next(ctx); return err })
	call(func() error { _, err := stays.Shout(ctx, "G", []byte("all")); return err })
	call(func() error { return stays.JoinGroup("A") })
	call(func() error { return stays.LeaveGroup("A") })
	call(func() error {
		for _, p := range stays.Members("G") {
			if err := stays.Whisper(ctx, p.ID, []byte("one")); err != nil {
				return err
			}
		}
		stays.Stats()
		return nil
	})
	var guests sync.WaitGroup
	for range 4 {
		guests.Go(func() {
			id := number(0)
			for i := range 5 {
				opts := []Option{WithBind("127.0.0.1:0"), WithPort(0), to}
				if i%2 == 1 {
					opts = append(opts, WithID(id))
				}
				n, err := Join(ctx, opts...)
				if err != nil {
					t.Error(err)
					return
				}
				id = n.ID()
				err = errors.Join(n.JoinGroup("G"), n.WaitPeers(ctx, 1), n.Whisper(ctx, stays.ID(), []byte("hi")))
				for range 3 {
					_, again := n.Next(ctx)
					err = errors.Join(err, again)
				}
				left, cancel := context.WithCancel(ctx)
				cancel() // what waits is abandoned
				_ = n.Leave(left)
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	guests.Wait()
	cancel()
	calls.Wait()
	last := node(t, nil, to)
	must(t, last.WaitPeers(within(t), 1))
	must(t, last.Whisper(within(t), stays.ID(), []byte("last")))
	for {
		e, err := stays.Next(within(t))
		must(t, err)
		if e.Kind == Whispered && e.ID == last.ID() {
			return
		}
	}
}
