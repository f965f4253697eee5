package call

import (
	"context"
	"math"
	"sync"
)

// credit is how many items of a stream its caller has room for.
type credit struct {
	mu    sync.Mutex
	items uint32
	more  chan struct{} // closed when there are more, if somebody waits
}

// grant adds to the credit.
func (c *credit) grant(items uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items += min(items, math.MaxUint32-c.items)
	if c.more != nil && c.items > 0 {
		close(c.more)
		c.more = nil
	}
}

// take uses up credit for one item, if there is any.
func (c *credit) take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items == 0 {
		return false
	}
	c.items--
	return true
}

// wait takes credit for one item, and waits until there is some.
func (c *credit) wait(ctx context.Context) error {
	for {
		c.mu.Lock()
		if c.items > 0 {
			c.items--
			c.mu.Unlock()
			return nil
		}
		if c.more == nil {
			c.more = make(chan struct{})
		}
		more := c.more
		c.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
