package socket

import (
	"context"
	"errors"
	"os"
	"time"
)

// To wake one goroutine so that it wakes another costs as much as all the rest
// of a round trip. So an application that waits for messages of a socket with a
// single peer waits on the connection itself: it asks the reader to park, and
// takes its place for as long as it comes back soon enough.

// attend waits until something may have come from the only peer, or ctx is
// done. The caller holds the receive lock, which is given up meanwhile.
func (r *recvSide) attend(ctx context.Context, x *session) error {
	q := x.inlet.Queue()
	q.Lock()
	if !x.parked || x.mute.Load() {
		ask := !x.wanted && !x.ending
		x.wanted = x.wanted || ask
		q.Unlock()
		if ask {
			x.interrupt()
		}
		return r.waiters.wait(ctx, &r.Mutex)
	}
	if err := ctx.Err(); err != nil { // if it is followed already, nobody will tell
		q.Unlock()
		r.waiters.wakeOne()
		return err
	}
	x.attended, x.wanted = true, false
	q.Unlock()
	r.attends = x
	r.follow(ctx)
	r.Unlock()
	n, err := x.receive(readerThatWaits{x.readNow})
	r.Lock()
	r.attends = nil
	q.Lock()
	x.attended = false
	x.refills++
	leave := r.closed || r.only != x.inlet
	switch {
	case n > 0:
		x.hear()
		x.fault = x.decoder.Scan(n)
		leave = leave || x.fault != nil
		if _, wake := x.decoder.Deliver(q); wake != nil {
			r.turn.Resume(x.inlet)
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.undisturbed()
	default:
		leave, x.ending = true, true // the reader finds out why, and must not be interrupted in that
	}
	if leave {
		x.parked = false
	}
	watched := x.watched
	q.Unlock()
	if leave || !watched {
		x.resume()
	}
	r.waiters.wakeOne() // for what has come, or to attend in our place
	return ctx.Err()
}

// follow sees to it that whoever attends is interrupted when ctx is done. One
// context is followed until another takes its place, so that a loop with one
// context pays for it once. The caller holds the receive lock.
func (r *recvSide) follow(ctx context.Context) {
	done := ctx.Done()
	if done == r.followed {
		return
	}
	r.unfollow()
	if done == nil {
		return
	}
	r.followed = done
	r.forget = context.AfterFunc(ctx, func() {
		r.Lock()
		defer r.Unlock()
		if r.attends != nil {
			r.attends.interrupt()
		}
	})
}

// unfollow forgets the context that is followed. The caller holds the receive
// lock.
func (r *recvSide) unfollow() {
	if r.forget != nil {
		r.forget()
	}
	r.followed, r.forget = nil, nil
}

// count notes how many peers there are to receive from. With a second one,
// nobody may wait for the first alone. The caller holds the receive lock.
func (r *recvSide) count() {
	r.only = nil
	if r.turn.Len() == 1 {
		for in := range r.turn.All() {
			r.only = in
		}
	}
	if r.attends != nil && (r.only == nil || r.only.session != r.attends) {
		r.attends.interrupt()
	}
}

// attendable returns the session of which the application may wait on the
// connection itself, or nil. The caller holds the receive lock.
func (r *recvSide) attendable() *session {
	if r.only == nil || r.attends != nil || r.only.gone {
		return nil
	}
	x := r.only.session
	if x == nil || x.readNow == nil { // the notices of an XPUB are nobody's
		return nil
	}
	return x
}

// interrupt ends a wait for the connection, of whoever waits. Who wants to tell
// them something writes it down first.
func (x *session) interrupt() { _ = x.conn.SetReadDeadline(time.Unix(1, 0)) }

// undisturbed ends the state of being interrupted. Afterwards is the time to
// look at what was written down.
func (x *session) undisturbed() { _ = x.conn.SetReadDeadline(time.Time{}) }

// yield lets the application attend to the connection, if it wants to. It is
// called by the reader when it was interrupted, and returns false if the
// connection is to end.
func (x *session) yield() bool {
	x.undisturbed()
	q := x.inlet.Queue()
	q.Lock()
	if !x.wanted || x.mute.Load() {
		q.Unlock()
		return true
	}
	x.wanted, x.parked, x.watched = false, true, true
	q.Unlock()
	r := x.inlet.side
	r.Lock()
	r.waiters.wakeOne()
	r.Unlock()
	return x.park()
}
