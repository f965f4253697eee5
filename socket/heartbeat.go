package socket

import (
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// errSilent is in the chain of the reason for which a silent peer is given up.
var errSilent = errors.New("no sign of life from the peer")

// A heartbeat sends PING at its interval and finds out when the peer has been
// silent too long: longer than our own timeout, or than the TTL the peer gave.
type heartbeat struct {
	x        *session
	interval time.Duration // 0: none
	expiry   time.Duration
	next     time.Time // of the next PING
	timer    *time.Timer
	alarm    time.Time // when timer is to fire
	ttl      time.Duration
	spared   int64 // what the session had heard when it was last given more time
}

func newHeartbeat(x *session) *heartbeat {
	c := x.pipe.s.cfg
	b := &heartbeat{x: x}
	if c.heartbeat > 0 && x.minor >= 1 {
		b.interval, b.expiry = c.heartbeat, c.heartbeatExpiry
		b.next = time.Now().Add(b.interval)
		b.set(min(b.interval, b.expiry))
	}
	return b
}

// set sets the timer.
func (b *heartbeat) set(d time.Duration) {
	b.alarm = time.Now().Add(d)
	if b.timer == nil {
		b.timer = time.NewTimer(d)
		return
	}
	b.timer.Reset(d)
}

// due returns the channel that says when tick is to be called; nil if never.
func (b *heartbeat) due() <-chan time.Time {
	if b.timer == nil {
		return nil
	}
	return b.timer.C
}

// renew looks whether the peer has asked for another time to live.
func (b *heartbeat) renew() {
	ttl := time.Duration(b.x.ttl.Load())
	if ttl == b.ttl {
		return
	}
	b.ttl = ttl
	if b.timer == nil {
		b.set(ttl)
		return
	}
	b.set(b.wait(time.Now()))
}

// now returns the time for wrote, if there is anybody to watch.
func (b *heartbeat) now() time.Time {
	if b.timer == nil {
		return time.Time{}
	}
	return time.Now()
}

// wrote is told that the connection took what a write that began then gave it.
// If that took long, the peer was held up, and what it has to say with it: it
// is slow, not silent.
func (b *heartbeat) wrote(began time.Time) {
	if b.timer == nil || began.IsZero() {
		return
	}
	if limit := b.limit(); limit > 0 && time.Since(began) > limit/2 {
		b.x.hear()
	}
}

// limit returns how long the peer may be silent; 0 is for ever.
func (b *heartbeat) limit() time.Duration {
	switch {
	case b.interval == 0:
		return b.ttl
	case b.ttl > 0:
		return min(b.expiry, b.ttl)
	}
	return b.expiry
}

// wait returns how long from now until something is to be done.
func (b *heartbeat) wait(now time.Time) time.Duration {
	d := time.Hour
	if b.interval > 0 {
		d = b.next.Sub(now)
	}
	if limit := b.limit(); limit > 0 {
		d = min(d, limit-b.x.silence())
	}
	return max(d, time.Millisecond)
}

// tick does what is due, and returns why the peer is to be given up.
func (b *heartbeat) tick() error {
	b.ttl = time.Duration(b.x.ttl.Load())
	now := time.Now()
	if b.x.heldUp() {
		b.x.hear() // we do not listen: it is we who are silent
	}
	b.spare(now)
	silence := b.x.silence()
	if limit := b.limit(); limit > 0 && silence >= limit {
		return fmt.Errorf("%w for %v", errSilent, silence.Round(time.Millisecond))
	}
	if b.interval > 0 && !now.Before(b.next) {
		b.next = now.Add(b.interval)
		s := b.x.pipe.s
		s.send.Lock()
		b.x.control = zmtp.AppendPing(b.x.control, s.cfg.heartbeatTTL, nil)
		s.send.Unlock()
	}
	b.set(b.wait(now))
	return nil
}

// spare gives the peer more time if we are so late that this process, or the
// machine, must have stood still. What the peer has said meanwhile is still to
// be read, and all peers would be given up at one stroke. It does so once until
// the peer is heard: a machine that is always late notices a dead peer too.
func (b *heartbeat) spare(now time.Time) {
	if now.Sub(b.alarm) <= b.limit()/8 || b.x.heard.Load() == b.spared {
		return
	}
	b.x.hear()
	b.spared = b.x.heard.Load()
}

func (b *heartbeat) stop() {
	if b.timer != nil {
		b.timer.Stop()
	}
}
