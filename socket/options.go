package socket

import (
	"bytes"
	"time"

	"github.com/brokerless/brokerless/transport"
)

// WithOptions makes one option of several, to hand a set around.
func WithOptions(opts ...Option) Option {
	return option(func(c *config) {
		for _, o := range opts {
			o.forPush(c) // every Option does the same for every socket
		}
	})
}

// WithTransport lets the socket bind and connect endpoints of t's scheme. It
// may replace a built-in transport: tcp, ipc or inproc.
func WithTransport(t transport.Transport) Option {
	return option(func(c *config) { c.transportsGiven = append(c.transportsGiven, t) })
}

// WithLinger sets how long Close goes on sending what is queued (ZMQ_LINGER).
// The default is 5 s; 0 drops what is queued, a negative d waits as long as it
// takes.
func WithLinger(d time.Duration) Option {
	return option(func(c *config) { c.linger = d })
}

// WithMaxMessageSize sets how many octets all frames of one message may have
// together, in both directions: Send refuses a larger one with ErrTooLarge,
// and a peer that announces one is disconnected (ZMQ_MAXMSGSIZE, but of the
// whole message). The default is 64 MiB; 0 lifts the limit.
func WithMaxMessageSize(octets int64) Option {
	return option(func(c *config) { c.maxMessage = octets })
}

// WithMaxFrames sets how many frames a message may have, in both directions.
// The default is 4096; 0 lifts the limit.
func WithMaxFrames(n int) Option {
	return option(func(c *config) { c.maxFrames = n })
}

// WithHandshakeTimeout sets how long a connection may take from its start to
// the end of its handshake (ZMQ_HANDSHAKE_IVL). The default is 10 s.
func WithHandshakeTimeout(d time.Duration) Option {
	return option(func(c *config) { c.handshakeTime = d })
}

// WithMaxHandshakes sets how many accepted connections of one listener may be
// in their handshake at once. One more waits for a place, but not longer than
// until the oldest of them is 100 ms old, which is then closed. The default is
// 256.
func WithMaxHandshakes(n int) Option {
	return option(func(c *config) { c.maxHandshakes = n })
}

// WithMaxConnections sets how many accepted connections may be past their
// handshake at once, over all endpoints that the socket is bound to. One more is
// closed when it is accepted or, when it was in its handshake by then, at the end
// of that, with an ERROR that says so; the event has ErrCrowded. Connections in
// their handshake have WithMaxHandshakes, those that Connect and AttachConn make
// have no limit. The default is 65,536, which most systems have no descriptors
// for; 0 lifts the limit.
func WithMaxConnections(n int) Option {
	return option(func(c *config) { c.maxConns = n })
}

// WithMaxConnectionsPerAddress sets how many connections are accepted from one
// IP address at a time, those in their handshake included. One more is closed at
// once; the event has ErrCrowded. It does not hold for ipc and inproc, which have
// no addresses. Whole networks may come from one address, or one host from many
// (IPv6), so there is no limit by default, and 0 lifts it.
func WithMaxConnectionsPerAddress(n int) Option {
	return option(func(c *config) { c.maxConnsEach = n })
}

// WithMaxStall sets for how long a peer may take nothing of what is written to it,
// while there is something, before it is disconnected; it may be up to twice as
// long. What a PUSH, DEALER, REQ or PAIR had queued for it waits for the next
// connection, if it is one that Connect made. On a connection that is not the
// operating system's own, such as one of TLS, it is the time for one write as a
// whole. By default there is no limit, as in libzmq: a slow peer stays connected,
// its queue bounded by the high-water marks. 0 lifts the limit.
func WithMaxStall(d time.Duration) Option {
	return option(func(c *config) { c.maxStall = d })
}

// WithHeartbeat sets the interval at which a peer is sent PING and the silence
// after which it is given up (ZMQ_HEARTBEAT_IVL, ZMQ_HEARTBEAT_TIMEOUT). Any
// octets from the peer count as a sign of life, and a peer that does not take
// what is written to it is slow, not silent. The timeout counts from when the
// peer was last heard, so it has to be longer than the interval. The default is
// 5 s and 15 s, for peers that speak ZMTP 3.1; an interval of 0 sends none.
// What the peer is told to do about our silence, [WithHeartbeatTTL] says.
func WithHeartbeat(interval, timeout time.Duration) Option {
	return option(func(c *config) { c.heartbeat, c.heartbeatExpiry = interval, timeout })
}

// WithRedial sets the shortest and the longest pause before a lost or refused
// connection is tried again (ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_IVL_MAX). The
// pause grows from one to the other, with jitter, and starts over only after a
// completed handshake. After a peer that breaks the protocol it is the longest at
// once. The default is 100 ms to 10 s.
// [WithRedialStop] ends it.
func WithRedial(shortest, longest time.Duration) Option {
	return option(func(c *config) { c.redialMin, c.redialMax = shortest, longest })
}

// WithRedialDenied sets the shortest and the longest pause after an
// authenticator has refused the connection, ours or the peer's: asking often does
// not help, and looks like guessing. The pause grows from one to the other, with
// jitter, and starts over once a connection has been let in. A refusal for now
// (AuthTemporary) is an ordinary failure, which has the pauses of WithRedial
// (ZA-11). The default is from the longest pause of WithRedial to six times that:
// 10 s to 60 s.
func WithRedialDenied(shortest, longest time.Duration) Option {
	return option(func(c *config) { c.deniedMin, c.deniedMax, c.deniedGiven = shortest, longest, true })
}

// WithProperty adds a property to the handshake, which the peers' applications
// see (ZMQ_METADATA). Its name starts with "X-" (WT-45).
func WithProperty(name, value string) Option {
	return option(func(c *config) {
		c.propertyNames = append(c.propertyNames, name)
		c.propertyValues = append(c.propertyValues, value)
	})
}

// WithSendHWM sets how many messages are queued for one peer before the
// socket's rule for a full queue applies: PUB, XPUB, XSUB, RADIO, ROUTER and REP
// drop, others wait (ZMQ_SNDHWM). What the operating system has
// taken does not count. The default is 1000; 0 sets no mark.
func WithSendHWM(messages int) SendOption {
	return sendOption(func(c *config) { c.sendMarks.Messages = messages })
}

// WithSendHWMBytes is WithSendHWM in octets on the wire. An empty queue takes
// any one message. The default is 64 MiB; 0 sets no mark.
func WithSendHWMBytes(octets int) SendOption {
	return sendOption(func(c *config) { c.sendMarks.Bytes = octets })
}

// WithImmediate queues messages only for peers that are connected
// (ZMQ_IMMEDIATE). Without it, a peer that Connect names counts from then on.
// What is queued for a peer when its connection breaks is dropped (TR-12).
func WithImmediate() SendOption {
	return sendOption(func(c *config) { c.immediate = true })
}

// WithRecvHWM sets how many messages of one peer are queued for the
// application before the peer is no longer read from (ZMQ_RCVHWM). The default
// is 1000; 0 sets no mark.
func WithRecvHWM(messages int) RecvOption {
	return recvOption(func(c *config) { c.recvMarks.Messages = messages })
}

// WithRecvHWMBytes is WithRecvHWM in octets on the wire. The default is
// 64 MiB; 0 sets no mark.
func WithRecvHWMBytes(octets int) RecvOption {
	return recvOption(func(c *config) { c.recvMarks.Bytes = octets })
}

// WithMaxBuffered sets how many octets all peers together may have waiting for
// the application, beside the high-water marks of each. Above that, a peer that
// has 64 KiB waiting or more, or one message, is not read from until the
// application has received something; others go on. It counts what peers that
// are gone have left, which the application still receives: when that alone is
// above the limit, peers that come after are not read from until less is left, so
// that nobody can fill the memory by coming again and again. Nothing is dropped.
// Peers in process do not count. The default is 256 MiB; 0 lifts the limit.
func WithMaxBuffered(octets int) RecvOption {
	return recvOption(func(c *config) { c.maxBuffered = octets })
}

// WithConflate keeps only the newest message for, and of, each peer
// (ZMQ_CONFLATE). Messages of more than one frame cannot be sent; ones
// received are treated like others.
func WithConflate() ConflateOption {
	return conflateOption(func(c *config) { c.conflate = true })
}

// WithIdentity sets the identity that the socket announces to its peers: 1 to
// 255 octets, the first not zero (ZMQ_ROUTING_ID, WT-49). A ROUTER peer
// addresses the socket by it.
func WithIdentity(id []byte) IdentityOption {
	id = bytes.Clone(id)
	return identityOption(func(c *config) { c.identity = id })
}

// WithProbe sends an empty message to each new peer, by which a ROUTER learns
// of it (ZMQ_PROBE_ROUTER, RR-37).
func WithProbe() ProbeOption {
	return probeOption(func(c *config) { c.probe = true })
}

// WithMandatory makes Send wait for a peer whose queue is full instead of
// dropping the message (ZMQ_ROUTER_MANDATORY, RR-42).
func WithMandatory() RouterOption {
	return routerOption(func(c *config) { c.mandatory = true })
}

// WithHandover lets a newcomer take over the identity of a connected peer,
// whose connection is closed (ZMQ_ROUTER_HANDOVER, RR-45). Without it the
// newcomer is refused.
func WithHandover() RouterOption {
	return routerOption(func(c *config) { c.handover = true })
}

// WithSilentDrop makes Send drop, and count, a message for a routing id that
// no peer has, as libzmq does, instead of returning ErrNoRoute.
func WithSilentDrop() RouterOption {
	return routerOption(func(c *config) { c.silent = true })
}

// WithCorrelate puts a request id in front of each request, so that a late
// reply is told from the right one (ZMQ_REQ_CORRELATE, RR-11). The replying
// side has to send the envelope back whole, as every REP does.
func WithCorrelate() ReqOption {
	return reqOption(func(c *config) { c.correlate = true })
}

// WithRelaxed lets Send be called again before the reply has come, which gives
// the earlier request up (ZMQ_REQ_RELAXED, RR-12). Without WithCorrelate, a late
// reply of the peer that also gets the new request is taken for the new reply.
func WithRelaxed() ReqOption {
	return reqOption(func(c *config) { c.relaxed = true })
}

// WithNoDrop makes Send wait until every matching subscriber has room instead
// of dropping for the full ones (ZMQ_XPUB_NODROP, PS-31). A message goes to
// all of them or to none. It is WithDropPolicy(PolicyBlock).
func WithNoDrop() PublisherOption {
	return publisherOption(func(c *config) { c.policy = PolicyBlock })
}

// WithVerbose delivers every subscription to the application, not only the
// first of a topic (ZMQ_XPUB_VERBOSE, PS-22).
func WithVerbose() XPubOption {
	return xpubOption(func(c *config) { c.verbose = true })
}

// WithVerboser delivers every subscription and every cancellation (ZMQ_XPUB_VERBOSER, PS-23).
func WithVerboser() XPubOption {
	return xpubOption(func(c *config) { c.verbose, c.verboser = true, true })
}

// WithManual leaves it to the application which topics a subscriber gets
// (ZMQ_XPUB_MANUAL, PS-27): after receiving a subscription it calls
// [XPub.Subscribe].
func WithManual() XPubOption {
	return xpubOption(func(c *config) { c.manual = true })
}

// WithWelcome sends a message to each new subscriber, if it has subscribed to
// the message's topic (ZMQ_XPUB_WELCOME_MSG, PS-30).
func WithWelcome(frames ...[]byte) XPubOption {
	m := Message(frames).Clone()
	return xpubOption(func(c *config) { c.welcome = m })
}

// WithMaxSubscriptions sets how many topics one peer may subscribe to, and
// how many octets they may have together. A peer that goes beyond is
// disconnected. The default is 100,000 topics and 16 MiB; 0 lifts a limit.
func WithMaxSubscriptions(topics, octets int) PublisherOption {
	return publisherOption(func(c *config) { c.maxTopics, c.maxTopicBytes = topics, octets })
}
