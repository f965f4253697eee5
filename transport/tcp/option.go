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

// WithReceiveBuffer asks the kernel for a receive buffer (SO_RCVBUF) of that many octets on every connection. The
// kernel may round or cap it. Default, and for 0 or less: the operating system's, which grows by itself on Linux; a
// fixed size stops that.
func WithReceiveBuffer(octets int) Option {
	return func(t *Transport) { t.receiveBuffer = octets }
}

// WithSendBuffer asks the kernel for a send buffer (SO_SNDBUF) of that many octets on every connection. The kernel may
// round or cap it. Default, and for 0 or less: the operating system's, which grows by itself on Linux; a fixed size
// stops that.
func WithSendBuffer(octets int) Option {
	return func(t *Transport) { t.sendBuffer = octets }
}
