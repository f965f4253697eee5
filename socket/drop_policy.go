package socket

import "fmt"

// DropPolicy says what a publisher does with a message for a peer whose queue is
// full. Other peers are not affected, except by PolicyBlock.
type DropPolicy uint8

// The policies of [WithDropPolicy].
const (
	// PolicyDropNewest drops the message for that peer (PS-04), and all others
	// until the peer has taken half of its queue. It is counted as DropFull. This
	// is the default.
	PolicyDropNewest DropPolicy = iota

	// PolicyDropOldest queues the message and drops the oldest ones that wait for
	// that peer, counted as DropEvicted. What is being written to the peer, or in
	// process has been taken by it, is not dropped, and does not count against the
	// marks: so a peer may have as much again as they allow.
	PolicyDropOldest

	// PolicyBlock makes Send wait until every matching peer has room. It is
	// WithNoDrop.
	PolicyBlock

	// PolicyDisconnectSlow disconnects that peer, with ErrSlow in its
	// EventDisconnected. The message is counted as DropFull, and what waited for
	// the peer as DropSlow. A peer that connects again, or that Connect named, is
	// welcome, with an empty queue. Over udp, where nobody is connected, it is
	// PolicyDropNewest.
	PolicyDisconnectSlow

	dropPolicies
)

var policyNames = [dropPolicies]string{"drop newest", "drop oldest", "block", "disconnect slow"}

// String returns the policy in words.
func (p DropPolicy) String() string {
	if p < dropPolicies {
		return policyNames[p]
	}
	return fmt.Sprintf("policy %d", uint8(p))
}

// FanOutOption fits PUB, XPUB and RADIO.
type FanOutOption interface {
	PubOption
	XPubOption
	RadioOption
}

type fanOutOption func(*config)

func (o fanOutOption) forPub(c *config)   { o(c) }
func (o fanOutOption) forXPub(c *config)  { o(c) }
func (o fanOutOption) forRadio(c *config) { o(c) }

// WithDropPolicy sets what happens to a message for a peer whose queue is full.
// The default is PolicyDropNewest.
func WithDropPolicy(p DropPolicy) FanOutOption {
	return fanOutOption(func(c *config) { c.policy = p })
}

// overflow does with a message of size octets that does not fit into p's queue
// what the socket's policy says. It reports whether the message is to be queued
// after all. Who is to be woken is put on sendSide.late. The caller holds the send
// lock.
func (p *pipe) overflow(size int, topic []byte) (queued bool) {
	if p.out.Replaces(size, topic) {
		return true
	}
	switch p.s.cfg.policy {
	case PolicyDropOldest:
		p.lose(p.out.Evict(size), DropEvicted)
		return true
	case PolicyDisconnectSlow:
		p.lose(1, DropFull)
		if p.session != nil {
			p.giveUp()
		}
	default:
		p.lose(1, DropFull)
	}
	return false
}

// giveUp disconnects a slow peer and drops what it has not taken. Nothing more
// is for it, so that even in process, where it keeps what it has taken, nothing
// comes to it behind a gap.
func (p *pipe) giveUp() {
	s := p.s
	p.slow = true
	s.rules.drop(p)
	n, _ := p.out.Clear()
	p.lose(n, DropSlow)
	s.send.late = append(s.send.late, ending{p.session, ErrSlow})
}

// An ending is what is to be done about a session for which the send lock has to
// be given up first: closing a connection may take its time.
type ending struct {
	x   *session
	why error
}

// Wake implements queue.Waker.
func (e ending) Wake() { e.x.end(e.why) }

// allFit reports whether all pipes have room for a message of size octets, which
// PolicyBlock waits for. The caller holds the send lock.
func allFit(pipes []*pipe, size int, frames [][]byte) bool {
	for _, p := range pipes {
		if !p.out.Fits(size) && !p.out.Replaces(size, frames[0]) {
			return false
		}
	}
	return true
}
