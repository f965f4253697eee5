package call

import (
	"context"
	"sync"
	"time"
)

// A callContext is the context of a call that is being served. Most handlers
// never wait on it, so the timer of its deadline is only made for those that
// do. Then a context of package context stands behind it, which lets others be
// derived from it without a goroutine each.
type callContext struct {
	info     *Info
	deadline time.Time // zero if there is none

	mu     sync.Mutex
	err    error // once it is done
	behind context.Context
	cancel context.CancelFunc // of behind
}

// Deadline implements context.Context.
func (c *callContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

// Done implements context.Context.
func (c *callContext) Done() <-chan struct{} { return c.back().Done() }

// Value implements context.Context.
func (c *callContext) Value(key any) any {
	if key == (infoKey{}) {
		return c.info
	}
	return c.back().Value(key)
}

// Err implements context.Context.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
	case c.behind != nil:
		c.err = c.behind.Err()
	case !c.deadline.IsZero() && !time.Now().Before(c.deadline):
		c.err = context.DeadlineExceeded
	}
	return c.err
}

func (c *callContext) back() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind == nil {
		if c.deadline.IsZero() {
			c.behind, c.cancel = context.WithCancel(context.Background())
		} else {
			c.behind, c.cancel = context.WithDeadline(context.Background(), c.deadline)
		}
		if c.err != nil {
			c.cancel()
		}
	}
	return c.behind
}

// end makes the context done, if it is not yet, and frees its timer.
func (c *callContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
		if c.err == nil {
			c.err = c.behind.Err()
		}
	}
	if c.err == nil {
		c.err = context.Canceled
	}
}
