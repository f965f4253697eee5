package carrier

import (
	"sync"
	"time"
)

// A Deadline is one as net.Conn has it, to be waited for beside other things.
// The zero Deadline never passes. It is safe for concurrent use.
type Deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	past  chan struct{} // closed when it has passed
	at    time.Time
}

// Set makes it pass at t: at once if t is past, never if t is zero. Who waits
// already is told as soon as the new one passes.
func (d *Deadline) Set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = t
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	past := d.channel()
	select {
	case <-past:
		past = make(chan struct{})
		d.past = past
	default:
	}
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		close(past)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.timer == timer { // else it was set anew meanwhile
			close(past)
			d.timer = nil
		}
	})
	d.timer = timer
}

// Past returns a channel that is closed when the deadline passes, unless it is
// set anew after it has passed.
func (d *Deadline) Past() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.channel()
}

// At returns what it was set to.
func (d *Deadline) At() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// Stop frees what an unpassed deadline holds.
func (d *Deadline) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func (d *Deadline) channel() chan struct{} {
	if d.past == nil {
		d.past = make(chan struct{})
	}
	return d.past
}
