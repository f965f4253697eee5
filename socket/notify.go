package socket

import (
	"bytes"

	"github.com/brokerless/brokerless/internal/queue"
)

// Notify says of what a ROUTER tells its application between the messages. Join
// several with |.
type Notify uint8

// What there is to tell, as in ZMQ_NOTIFY_CONNECT and ZMQ_NOTIFY_DISCONNECT.
const (
	NotifyConnect    Notify = 1 << iota // a peer has come
	NotifyDisconnect                    // a peer has gone
	allNotices       = 1<<iota - 1
)

// WithNotify has Recv return a message of the peer's identity and an empty frame
// when a peer has come, before any message of it, and when it has gone, after all
// of them (ZMQ_ROUTER_NOTIFY, RR-50). The two look the same: with both, they
// alternate for each identity, and one that is handed over from a peer to the next
// (WithHandover) shows nothing. A peer that fails its handshake shows nothing
// either. It does not go with WithDisconnectMessage. The default is 0, nothing; a
// [Monitor] tells more.
func WithNotify(of Notify) RouterOption {
	return routerOption(func(c *config) { c.notify = of })
}

// admitted is told that a peer has come, and decides what is shown of it. The
// caller holds the send lock.
func (x *session) admitted() {
	x.inside = true
	of := x.pipe.s.cfg.notify
	x.inlet.coming = of&NotifyConnect != 0 && (x.ousted == nil || of&NotifyDisconnect == 0)
	if x.ousted != nil {
		x.ousted.succeeded = true // the identity stays
	}
}

// part is told that in's peer has gone. An inlet that is yet to show that it has
// come is kept until then, and that counts as what a peer has left. The caller
// holds the receive lock.
func (r *recvSide) part(in *inlet) {
	in.coming = in.coming && !r.closed
	if in.coming && in.session.twin == nil {
		r.budget.Leave(queue.Keep)
	}
}

// notice makes the message that shows that in's peer has come, and ends in's turn.
// The caller holds the receive lock.
func (r *recvSide) notice(in *inlet, into *Message, from *Peer) Message {
	in.coming = false
	if in.gone && in.session.twin == nil {
		r.budget.Return(queue.Keep)
	}
	m := Message{bytes.Clone(in.session.id), {}}
	if into != nil {
		*into = m
	}
	if from != nil {
		*from = in.session.peer
	}
	r.turn.Advance()
	r.flow.Messages++
	r.flow.Delivered++
	if !r.waiters.empty() && r.turn.Available() > 0 {
		r.waiters.wakeOne()
	}
	return m
}
