package socket

import (
	"fmt"
	"time"
)

// WithHeartbeatTTL sets the time to live that our PINGs carry: after so long
// without a sign of life from us, the peer is to give us up, whatever its own
// heartbeat says (ZMQ_HEARTBEAT_TTL). It is sent in tenths of a second, rounded up;
// 0 leaves it to the peer, and 65.5 s is the longest that libzmq 4.3.4 counts
// right. It has to be longer than the interval of WithHeartbeat. The default is
// the timeout of WithHeartbeat, or 65.5 s if that is longer.
func WithHeartbeatTTL(d time.Duration) Option {
	return option(func(c *config) { c.heartbeatTTL, c.heartbeatTTLGiven = d, true })
}

// validateHeartbeat looks at the options of heartbeats together.
func (c *config) validateHeartbeat() error {
	switch {
	case c.heartbeat < 0 || c.heartbeat > 0 && c.heartbeatExpiry <= c.heartbeat:
		return fmt.Errorf("%w: WithHeartbeat(%v, %v): want a timeout above the interval, or interval 0 for none",
			ErrOption, c.heartbeat, c.heartbeatExpiry)
	case !c.heartbeatTTLGiven:
		c.heartbeatTTL = min(c.heartbeatExpiry, maxTTL)
	case c.heartbeat == 0:
		return fmt.Errorf("%w: WithHeartbeatTTL(%v) without heartbeats", ErrOption, c.heartbeatTTL)
	case c.heartbeatTTL != 0 && (c.heartbeatTTL <= c.heartbeat || c.heartbeatTTL > maxTTL):
		return fmt.Errorf("%w: WithHeartbeatTTL(%v): want more than the interval %v and at most %v, or 0 for none",
			ErrOption, c.heartbeatTTL, c.heartbeat, maxTTL)
	}
	return nil
}
