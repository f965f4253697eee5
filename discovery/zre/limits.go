package zre

import (
	"fmt"
	"time"
)

// limits bound what strangers may cost. A beacon needs no connection, and anybody
// who reaches the port may say HELLO.
type limits struct {
	peers   int   // that are there or were found
	pending int   // of these, that have not said HELLO
	groups  int   // of one peer
	headers int   // of one peer
	hello   int   // octets of a HELLO
	message int64 // octets of a message with its content
}

var defaultLimits = limits{peers: 1024, pending: 64, groups: 1000, headers: 256, hello: 64 << 10, message: 64 << 20}

// pendingTime is for how long a peer that was found by a beacon may say HELLO
// before another one may take its place.
const pendingTime = time.Second

// WithMaxPeers sets how many peers the node has at most. The default is 1024.
// Others are left alone and counted as Stats.Refused.
func WithMaxPeers(n int) Option { return func(c *config) { c.limits.peers = n } }

// WithMaxPending sets how many peers that were found may still have to say HELLO.
// The default is 64. One more takes the place of the oldest, if it has said HELLO
// itself or the oldest has had a second for it; so beacons of nodes that do not
// exist keep nobody out, and lead to so many connections a second at most.
func WithMaxPending(n int) Option { return func(c *config) { c.limits.pending = n } }

// WithMaxGroups sets in how many groups a peer may be. The default is 1000.
func WithMaxGroups(n int) Option { return func(c *config) { c.limits.groups = n } }

// WithMaxHeaders sets how many headers a peer may have. The default is 256.
func WithMaxHeaders(n int) Option { return func(c *config) { c.limits.headers = n } }

// WithMaxHello sets how many octets the HELLO of a peer has at most, with its
// name, headers and groups. The default is 64 KiB. The node's own HELLO keeps to
// it, too.
func WithMaxHello(octets int) Option { return func(c *config) { c.limits.hello = octets } }

// WithMaxMessage sets how many octets a message has at most. The default is
// 64 MiB. A peer that sends a larger one is disconnected.
func WithMaxMessage(octets int64) Option { return func(c *config) { c.limits.message = octets } }

func (l *limits) validate() error {
	switch {
	case l.peers <= 0:
		return fmt.Errorf("%w: WithMaxPeers(%d): want more than 0", ErrOption, l.peers)
	case l.pending <= 0:
		return fmt.Errorf("%w: WithMaxPending(%d): want more than 0", ErrOption, l.pending)
	case l.groups < 0:
		return fmt.Errorf("%w: WithMaxGroups(%d): want 0 or more", ErrOption, l.groups)
	case l.headers < 0:
		return fmt.Errorf("%w: WithMaxHeaders(%d): want 0 or more", ErrOption, l.headers)
	case l.hello < minHello:
		return fmt.Errorf("%w: WithMaxHello(%d): want %d or more", ErrOption, l.hello, minHello)
	case l.message < int64(l.hello):
		return fmt.Errorf("%w: WithMaxMessage(%d): want no less than WithMaxHello", ErrOption, l.message)
	}
	return nil
}

// minHello is the size of the smallest HELLO, whose endpoint and name are as long
// as they can be.
const minHello = headSize + 2*(1+maxString) + 4 + 1 + 4
