package child

import "sync/atomic"

// batch is how many small messages a fast counter counts before it shows them.
const batch = 16

// counter counts the messages of one goroutine. Storing for another goroutine
// to see costs about 3 ns, a tenth of what some libraries need for a small
// message, so that a counter of many small messages shows only each 16th.
type counter struct {
	_     [64]byte // counters do not share a cache line
	own   uint64   // of the counting goroutine
	mask  uint64   // the count is shown when these bits of it are zero
	shown atomic.Uint64
	_     [40]byte
}

// add counts one message. Only one goroutine may call it.
func (c *counter) add() {
	c.own++
	if c.own&c.mask == 0 {
		c.shown.Store(c.own)
	}
}
