package lan

import (
	"sync"
	"time"
)

// A stallWatch finds out for how long at most a process that only wants to look
// at the clock did not come to it. On a machine that stands still for seconds,
// or runs too much else, heartbeats are late through no fault of the nodes.
type stallWatch struct {
	stop chan struct{}
	wg   sync.WaitGroup

	longest time.Duration
}

// watchStalls begins to watch.
func watchStalls() *stallWatch {
	const every = 20 * time.Millisecond
	w := &stallWatch{stop: make(chan struct{})}
	w.wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for last := time.Now(); ; {
			select {
			case <-w.stop:
				return
			case <-tick.C:
			}
			now := time.Now()
			w.longest = max(w.longest, now.Sub(last)-every)
			last = now
		}
	})
	return w
}

// end ends the watch, and returns for how long the machine stood still at most.
func (w *stallWatch) end() time.Duration {
	close(w.stop)
	w.wg.Wait()
	return w.longest
}
