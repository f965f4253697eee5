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
	when    time.Time // it ended
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
			if late := now.Sub(last) - every; late > w.longest {
				w.longest, w.when = late, now
			}
			last = now
		}
	})
	return w
}

// end ends the watch.
func (w *stallWatch) end() (longest time.Duration, when time.Time) {
	close(w.stop)
	w.wg.Wait()
	return w.longest, w.when
}
