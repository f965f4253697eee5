package socket

import (
	"errors"
	"os"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
)

// A reader whose application is slower than the peer finds the incoming queue
// full. To wake it each time there is room costs more than the reading, so it
// parks: from then on the application's goroutines, each time they have emptied
// the queue, take from the connection themselves what it has at once. The reader
// takes over when there is nothing, unless they wait on the connection too (see
// attend), or when they are not seen for a while.

// watchInterval is how long a parked reader leaves the connection to an
// application that receives nothing. It is what a slow application adds to the
// time in which a PING is answered.
const watchInterval = 50 * time.Millisecond

// maxReads is how often an application's goroutine reads in vain before it
// leaves the connection to the reader. It holds locks that others want, and a
// peer may send it commands for ever.
const maxReads = 4

// pause waits until a reader that was held up should look again. It reports
// false if the connection is to end.
func (x *session) pause() bool {
	goOn := x.park()
	x.hear() // until now it could not
	return goOn
}

// heldUp reports whether the peer is not heard because the application does not
// receive.
func (x *session) heldUp() bool {
	if x.barred() {
		return true
	}
	s := x.pipe.s
	s.send.Lock()
	held := x.held
	s.send.Unlock()
	q := x.inlet.Queue()
	q.Lock()
	defer q.Unlock()
	return held || q.Full()
}

// park waits until the reader is to go on. It reports false if the connection
// is to end.
func (x *session) park() bool {
	q := x.inlet.Queue()
	watch := time.NewTicker(watchInterval)
	defer watch.Stop()
	q.Lock()
	if !x.watched {
		watch.Stop() // until something is received
	}
	seen := x.refills
	q.Unlock()
	stop, stopped := x.stop, false
	for {
		tick := false
		select {
		case <-x.space:
		case <-watch.C:
			tick = true
		case <-stop:
			stop, stopped = nil, true
		}
		q.Lock()
		idle := tick && x.refills == seen
		seen = x.refills
		if !x.attended && (stopped || !x.parked || x.mute.Load() || idle && !q.Full()) {
			x.parked, x.watched = false, false
			q.Unlock()
			return !stopped
		}
		// Whoever receives nothing from a full queue is not watched, nor who waits
		// on the connection.
		if was := x.watched; was == idle {
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
// reads on if the reader is parked. It holds the receive lock.
func (x *session) Refill(q *queue.Queue) {
	if !x.parked || x.attended || x.mute.Load() {
		return
	}
	x.refills++
	for reads := 0; ; reads++ {
		before := x.decoder.Undelivered()
		x.decoder.Deliver(q) // nobody is to be woken: the consumer is about to look
		if x.decoder.Undelivered() < before {
			return
		}
		if x.fault != nil || reads == maxReads {
			break
		}
		alone := x.inlet.side.only == x.inlet
		if alone && x.inlet.side.patient {
			return // the caller goes on to wait on the connection
		}
		n := 0
		if !x.decoder.InBody() {
			n = x.readAtOnce()
		}
		if n == 0 && alone {
			return
		}
		if n == 0 {
			break
		}
		x.hear()
		x.fault = x.decoder.Scan(n)
	}
	x.parked = false
	x.resume()
}

// readAtOnce reads what the connection has. It returns 0 if that is nothing, or
// its end. Somebody may have interrupted who had just stopped to wait.
func (x *session) readAtOnce() int {
	n, err := x.receive(readerAtOnce{x.readNow})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		x.undisturbed()
		n, _ = x.receive(readerAtOnce{x.readNow})
	}
	return n
}
