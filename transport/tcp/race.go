package tcp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// stagger is how long an attempt has the field to itself before the next address is tried beside it (RFC 8305 section 8).
const stagger = 250 * time.Millisecond

// outcome is how an attempt ended.
type outcome struct {
	conn net.Conn
	err  error
}

// race tries the addresses in order, one after the other as they fail, and beside each other as they take their time. The
// first connection wins, and none of the others is left, nor a goroutine, when it returns.
func race(ctx context.Context, addresses []netip.AddrPort, dial func(context.Context, netip.AddrPort) (net.Conn, error)) (net.Conn, error) {
	if len(addresses) == 1 {
		return dial(ctx, addresses[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan outcome)
	next, running := 0, 0
	var won net.Conn
	var failed error // the first one: that of the address that was to be the best
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var due <-chan time.Time
		if won == nil && next < len(addresses) {
			due = timer.C
		}
		if due == nil && running == 0 {
			break
		}
		select {
		case <-due:
			address := addresses[next]
			next++
			running++
			go func() {
				conn, err := dial(ctx, address)
				ended <- outcome{conn, err}
			}()
			timer.Reset(stagger)
		case o := <-ended:
			running--
			switch {
			case o.err == nil && won == nil:
				won = o.conn
				cancel()
			case o.err == nil:
				_ = o.conn.Close() // it came too late
			case won == nil:
				if failed == nil {
					failed = o.err
				}
				if ctx.Err() != nil {
					next = len(addresses)
				}
				timer.Reset(0)
			}
		}
	}
	if won != nil {
		return won, nil
	}
	return nil, fmt.Errorf("%w (the first of %d addresses, of which none answers)", failed, len(addresses))
}
