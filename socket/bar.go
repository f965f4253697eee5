package socket

// What peers have sent that are gone stays until the application has received it.
// Somebody could come, send as much as a queue takes, leave and come again, until
// there is no memory left. So when that much is there that the limit is reached, a
// newcomer is not read from until the application has received some of it.

// reading wakes a session's reader.
type reading struct{ x *session }

// Wake implements queue.Waker.
func (r reading) Wake() { r.x.resume() }

// pass waits, before anything is read from the peer, until that is allowed. It
// reports false if the connection is to end.
func (x *session) pass() bool {
	if x.bar == nil {
		return true
	}
	b := x.pipe.s.recv.budget
	for held := true; held && !x.mute.Load(); held = b.Hold(reading{x}) {
		select {
		case <-x.space:
			b.Forget(reading{x}) // it may have been another who woke us
		case <-x.stop:
			b.Forget(reading{x})
			return false
		}
	}
	b.Forget(reading{x})
	x.hear() // until now it could not
	close(x.bar)
	return true
}

// barred reports whether the peer is a newcomer that has yet to be read from.
func (x *session) barred() bool {
	if x.bar == nil {
		return false
	}
	select {
	case <-x.bar:
		return false
	default:
		return true
	}
}
