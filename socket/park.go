package socket

import (
	"time"

	"github.com/brokerless/brokerless/internal/queue"
)

// A reader whose application is slower than the peer finds the incoming queue
// full. To wake it each time there is room costs more than the reading, so it
// parks: from then on the application's goroutines, each time they have emptied
// the queue, take from the connection themselves what it has at once. The reader
// takes over when there is nothing, or when they are not seen for a while.

// watchInterval is how long a parked reader leaves the connection to an
// application that receives nothing. It is what a slow application adds to the
// time in which a PING is answered.
const watchInterval = 10 * time.Millisecond

// pause waits until the reader should look again. It reports false if the
// connection is to end.
func (x *session) pause() bool {
	x.paused.Store(true)
	goOn := x.park()
	x.hear()
	x.paused.Store(false)
	return goOn
}

// park is pause without the heartbeat.
func (x *session) park() bool {
	q := x.inlet.Queue()
	watch := time.NewTicker(watchInterval)
	watch.Stop() // until something is received
	defer watch.Stop()
	var seen uint
	for {
		tick, stopped := false, false
		select {
		case <-x.space:
		case <-watch.C:
			tick = true
		case <-x.stop:
			stopped = true
		}
		q.Lock()
		idle := tick && x.refills == seen
		seen = x.refills
		if stopped || !x.parked || x.mute.Load() || idle && !q.Full() {
			x.parked, x.watched = false, false
			q.Unlock()
			return !stopped
		}
		if was := x.watched; was == idle { // whoever receives nothing from a full queue is not watched
			x.watched = !was
			if was {
				watch.Stop()
			} else {
				watch.Reset(watchInterval)
			}
		}
		q.Unlock()
	}
}

// resume lets a reader that pauses look again.
func (x *session) resume() {
	select {
	case x.space <- struct{}{}:
	default:
	}
}

// Room implements queue.Producer: the queue is half empty again.
func (x *session) Room(*queue.Queue) {
	if !x.watched {
		x.resume()
	}
}

// Refill implements queue.Producer: the application has emptied the queue, and
// reads on if the reader is parked.
func (x *session) Refill(q *queue.Queue) {
	if !x.parked || x.mute.Load() {
		return
	}
	x.refills++
	for {
		before := x.decoder.Undelivered()
		x.decoder.Deliver(q) // nobody is to be woken: the consumer is about to look
		if x.decoder.Undelivered() < before {
			return
		}
		if x.fault != nil || x.decoder.InBody() {
			break
		}
		n := x.readNow.read(x.decoder.Space())
		if n == 0 {
			break
		}
		x.hear()
		x.fault = x.decoder.Scan(n)
	}
	x.parked = false
	x.resume()
}
