package socket

// BalanceOption fits the sockets that send each message to one of their peers:
// PUSH, DEALER, CLIENT and SCATTER.
type BalanceOption interface {
	PushOption
	DealerOption
	ClientOption
	ScatterOption
}

// A balanceOption does the same for all of them; those with replies hear of it.
type balanceOption func(*config)

func (o balanceOption) forPush(c *config)    { o(c) }
func (o balanceOption) forScatter(c *config) { o(c) }

func (o balanceOption) forDealer(c *config) {
	o(c)
	c.replies = true
}

func (o balanceOption) forClient(c *config) {
	o(c)
	c.replies = true
}

// WithLeastLoaded sends each message to the connected peer that has the least to
// do, instead of the next in turn; among those that have equally much, turns
// are taken. So a slow peer gets what it can do, and not its share. Peers that
// are not connected get messages only while none is.
//
// What a peer has to do is what is queued for it and, as far as can be known,
// what it has been sent and not dealt with. A DEALER and a CLIENT know exactly: the
// load is the messages without an answer, where each message that is received
// from a peer answers one. So they are for peers that answer everything once; a
// message that is never answered weighs until the connection ends. A PUSH and a
// SCATTER hear nothing of what becomes of a message. They ask the peer's ZMTP engine,
// by a PING behind what they write, how far it has read: that tells of all that
// the systems hold on both sides, but not of what waits in the peer's own queue,
// up to its receive high-water mark. Workers with WithRecvHWM(1), or ZMQ_RCVHWM 1
// and small buffers, hide two or three messages, with the default a thousand. For
// a peer that speaks ZMTP 3.0, which has no PING, only what is queued here counts.
//
// Each message looks at all peers, so this is for some hundreds of them at most.
func WithLeastLoaded() BalanceOption {
	return balanceOption(func(c *config) { c.leastLoaded = true })
}

// WithMaxLoad is [WithLeastLoaded] that gives no peer more than so many messages
// at a time: while all have as many, Send waits. It is the credit that each worker
// has, and the send high-water mark is not above it. What has been given to a peer is
// not taken back, so it is this that keeps messages from those who are slow: with
// WithMaxLoad(1) a DEALER leaves them with whoever is free first, for one round
// trip between two messages of a worker. There is no limit by default but the
// high-water marks, and 0 lifts it.
func WithMaxLoad(messages int) BalanceOption {
	return balanceOption(func(c *config) { c.leastLoaded, c.maxLoad = true, messages })
}
