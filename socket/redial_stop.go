package socket

import (
	"errors"
	"io/fs"
	"syscall"
)

// RedialStop says when a connection that Connect made is not tried again. Join
// several with |.
type RedialStop uint8

// The reasons to stop, with the ZMQ_RECONNECT_STOP_ names they correspond to.
const (
	StopWhenRefused        RedialStop = 1 << iota // nobody listens at the endpoint; for ipc, there may be no file (CONN_REFUSED)
	StopWhenHandshakeFails                        // a connection ended before its handshake was done, whatever the reason (HANDSHAKE_FAILED)
	StopAfterDisconnect                           // Disconnect was called: what is queued goes over the connection that is there, or not at all (AFTER_DISCONNECT)
	StopAlways                                    // whatever it was: one attempt, and one connection (ZMQ_RECONNECT_IVL of -1)
	allStops               = 1<<iota - 1
)

// WithRedialStop sets when redialing ends. The endpoint is given up then, as if
// it had never been connected: what is queued for it is dropped, EventRedialStopped
// tells of it, and Connect starts anew. Whoever connects in the application's place,
// as discovery.Follow does, does not find out. The default is 0: redialing goes on until
// Disconnect and, for what is queued by then, for the linger time after it.
func WithRedialStop(when RedialStop) Option {
	return option(func(c *config) { c.redialStop = when })
}

// after reports whether an attempt that came to nothing is the last one: one that
// failed to connect or else, if it connected, got through its handshake or not.
func (r RedialStop) after(connected, ready bool, why error) bool {
	switch {
	case r&StopAlways != 0:
		return true
	case !connected:
		return r&StopWhenRefused != 0 && (errors.Is(why, syscall.ECONNREFUSED) || errors.Is(why, fs.ErrNotExist))
	case !ready:
		return r&StopWhenHandshakeFails != 0
	}
	return false
}

// finish ends the dialing for a pipe that is draining: it has the connection
// that is there, and no other.
func (p *pipe) finish() {
	p.s.send.Lock()
	defer p.s.send.Unlock()
	p.final = true
	if p.session == nil {
		p.cancel()
	}
}
