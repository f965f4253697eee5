package socket

import (
	"time"

	"github.com/brokerless/brokerless/internal/queue"
)

const (
	// lull is the time after which a message is written at once even though
	// nothing has come from the peer since the one before: whoever sends many
	// messages, to one peer or to several in turn, comes back sooner, and is
	// better served by the writers.
	lull = 10 * time.Millisecond
	// dispatched is the size in octets up to which a message is written by the
	// goroutine that sends it: it is to go on soon.
	dispatched = 8 << 10
)

// dispatch gives up the send lock and has written what was queued last, if wake
// says that somebody has to be told: by the goroutine that sends it, if the
// peer's writer sleeps and it is not one of many messages, or by that writer.
func (s *socket) dispatch(wake queue.Waker) {
	x, ok := wake.(*session)
	if !ok || !x.mayDispatch() {
		s.send.Unlock()
		if wake != nil {
			wake.Wake()
		}
		return
	}
	q := x.pipe.out
	list := q.Take()
	x.writing = true
	s.send.Unlock()
	n := x.writeNow.write(list.Bytes())
	s.send.Lock()
	x.writing = false
	if n == list.Size() {
		q.Sent(list)
	} else {
		x.rest, x.taken = list, n
	}
	// From here on a message wakes the writer again, unless it has work now.
	more := q.Rest() || x.rest != nil || x.leaving || x.pongDue || len(x.control) > 0 || x.pipe.draining
	s.send.Unlock()
	if more {
		x.Wake()
	}
}

// mayDispatch reports whether the message that is queued for x, whose writer
// sleeps, may be written at once: if it is a reply of some kind, or the first
// for a while, and not one of many. The caller holds the send lock.
func (x *session) mayDispatch() bool {
	q := x.pipe.out
	if x.writeNow == nil || x.writing || x.leaving || x.rest != nil || !q.Short(dispatched) {
		return false
	}
	now, before := time.Since(x.born), x.stirred
	alone := q.Total()-x.stirredAt == 1 // no other came while the writer was awake
	x.stirred, x.stirredAt = now, q.Total()
	return alone && (time.Duration(x.heard.Load()) > before || now-before >= lull)
}

// lastDispatch ends the writing: once a goroutine that is at it is done, the
// connection is written no more, and what it did not take whole is put back.
func (x *session) lastDispatch() {
	s := x.pipe.s
	s.send.Lock()
	defer s.send.Unlock()
	x.leaving = true
	for x.writing {
		s.send.Unlock()
		<-x.wake
		s.send.Lock()
	}
	if x.rest != nil {
		x.pipe.out.Restore(x.rest, x.taken)
		x.rest = nil
	}
}
