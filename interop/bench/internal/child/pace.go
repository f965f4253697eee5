package child

import (
	"runtime"
	"time"
)

// awake is how long before a moment the wait for it stops sleeping. Go's timers
// may be a millisecond late, for that is the unit of epoll_wait.
const awake = 1200 * time.Microsecond

// wait returns at the moment that is due after start, and at once if that is
// past. It sleeps only where it can be sure not to oversleep, and lets other
// goroutines run for the rest.
func wait(start time.Time, due time.Duration) {
	for {
		left := due - time.Since(start)
		switch {
		case left <= 0:
			return
		case left > awake:
			time.Sleep(left - awake) //nolint:forbidigo // until a moment, not for something to happen
		default:
			runtime.Gosched()
		}
	}
}
