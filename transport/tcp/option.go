package tcp

import (
	"net"
	"time"
)

// Keep-alive finds a peer whose machine or network has gone without a word after at most idle + count x interval,
// 2.5 minutes with these.
const (
	defaultIdle     = 15 * time.Second
	defaultInterval = 15 * time.Second
	defaultCount    = 9
)

// Option sets something about a [Transport]. Options apply in order, the last of a kind wins.
type Option func(*Transport)

// WithKeepAlive sets when TCP probes a silent peer: after Idle, then each Interval, until Count probes went
// unanswered. A field that is zero keeps its default (15 s, 15 s, 9); a negative one takes the operating system's.
// Keep-alive is always on, whatever Enable says: without it a listener never learns that a peer lost its power.
func WithKeepAlive(config net.KeepAliveConfig) Option {
	return func(t *Transport) {
		t.keepAlive = net.KeepAliveConfig{
			Enable:   true,
			Idle:     orDefault(config.Idle, defaultIdle),
			Interval: orDefault(config.Interval, defaultInterval),
			Count:    orDefault(config.Count, defaultCount),
		}
	}
}

func orDefault[N time.Duration | int](n, standard N) N {
	if n == 0 {
		return standard
	}
	return n
}

// WithConnectTimeout sets how long Dial may take, with all addresses of a name (ZMQ_CONNECT_TIMEOUT). Default, and for 0
// or less: as long as its context lets it, which is the handshake time of the socket that dials.
func WithConnectTimeout(d time.Duration) Option {
	return func(t *Transport) { t.connectTimeout = d }
}

// WithBacklog sets how many connections may wait to be accepted, beyond which the kernel has new ones wait or be
// refused (ZMQ_BACKLOG). The kernel may cap it. Default, and for 0 or less: the longest that the operating system allows.
// Unix only: elsewhere Listen fails with an error that matches errors.ErrUnsupported.
func WithBacklog(connections int) Option {
	return func(t *Transport) { t.backlog = connections }
}
