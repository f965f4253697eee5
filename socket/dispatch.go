package socket

import (
	"time"

	"github.com/brokerless/brokerless/internal/queue"
)

// dispatched is the size in octets up to which a message is written by the
// goroutine that sends it: it is to go on soon.
const dispatched = 8 << 10

// dispatch gives up the send lock and has written what was queued last, if wake
// says that somebody has to be told: by the goroutine that sends it, if the
// peer's writer sleeps and mayDispatch says so, or by that writer.
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
	n := x.writeAtOnce(list.Bytes())
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

// writeAtOnce writes frames as far as the connection takes them at once, and
// returns of how many octets of them that is.
func (x *session) writeAtOnce(frames []byte) int {
	if x.outgoing != nil {
		return x.outgoing.begin(x.writeNow, frames)
	}
	return x.writeNow.write(frames)
}

// mayDispatch reports whether the message that is queued for x, whose writer
// sleeps, may be written at once: if it is a reply of some kind, or the first,
// and not one of many. Whoever only sends, to one peer or to several in turn, is
// better served by the writers, which gather what they write; this holds for
// slow senders too, for a thousand peers are served slowly when each message is
// written by itself, and would stay so. The caller holds the send lock.
func (x *session) mayDispatch() bool {
	q := x.pipe.out
	if x.writeNow == nil || x.pings || x.writing || x.leaving || x.rest != nil || !q.Short(dispatched) {
		return false
	}
	alone := q.Total()-x.stirredAt == 1 // no other came while the writer was awake
	answers := x.heard.Load() > x.stirred
	x.stirred, x.stirredAt = int64(time.Since(x.born)), q.Total()
	return alone && answers
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
	if x.outgoing != nil {
		x.outgoing.free()
	}
}
