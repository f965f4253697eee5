// Package socket has the sockets of ZeroMQ, one Go type each, without a broker
// and without cgo. They speak ZMTP 3.1 and so talk to any ZeroMQ peer.
//
//	RFC 30  Push -> Pull                 work is spread over the peers, in turn
//	RFC 29  Pub, XPub -> Sub, XSub       each message goes to all who subscribed to it
//	RFC 28  Req <-> Rep                  request and reply, in lockstep
//	        Dealer <-> Router            the same without lockstep, many at a time
//	RFC 31  Pair <-> Pair                exactly two
//	        Stream <-> any peer          octets without ZMTP, each connection by an id
//	RFC 48  Radio -> Dish                each message goes to all who joined its group
//	        Datagram                     datagrams, to and from any program
//
// and, for messages of one frame, those that libzmq has as drafts:
//
//	RFC 41  Client <-> Server            as Dealer and Router; the server numbers its clients
//	RFC 49  Scatter -> Gather            as Push and Pull
//	RFC 51  PeerSocket <-> PeerSocket    each numbers the others
//	RFC 52  Channel <-> Channel          as Pair
//
// A socket has any number of endpoints, bound with Bind, connected with
// Connect, or both; which side binds has nothing to do with which side sends.
// Connect returns at once and keeps the connection up from then on. Endpoints
// are "tcp://host:port", "ipc:///path", "ipc://@name" (Linux), and
// "inproc://name" between sockets of one process. RADIO, DISH and DGRAM also have
// "udp://host:port" and "udp://interface;group:port", without connections: RADIO
// connects there, the other two bind. [WithTransport] adds others, such as those of
// packages transport/ws, transport/tls and transport/socks.
//
//	push, err := socket.NewPush()
//	if err != nil { … }
//	defer push.Close()
//	if err := push.Connect("tcp://127.0.0.1:5557"); err != nil { … }
//	err = push.Send(ctx, []byte("work"))
//
// # Messages and memory
//
// A message is a list of frames, and arrives whole or not at all. Send copies
// what it is given before it returns. What Recv returns belongs to the caller.
//
// A ROUTER, SERVER or PEER sends with SendTo, to the [Peer] that RecvFrom told. A
// ROUTER's Recv and Send have its id as the first frame, too; on the others a
// message has one frame, and more are ErrMessage. What a peer sends them in several
// frames is dropped, and counted as DropMalformed.
//
// # Waiting
//
// A method that may wait for a peer takes a context. When the context is done
// the call fails, and that is all: a Recv that failed took nothing, a Send that
// failed queued nothing, and no connection suffers. Try methods never wait.
//
// # Queues
//
// For each peer there is a queue in each direction, bounded in messages and in
// octets by high-water marks ([WithSendHWM], [WithRecvHWM]). A full receive
// queue stops reading from that peer, so that the transport holds it up. What a
// full send queue does is the pattern's rule: PUB, XPUB, XSUB, RADIO, ROUTER and REP
// drop for that peer alone, and count it in [Stats]; all others wait. Of a
// publisher, [WithDropPolicy] makes the oldest messages go in place of the newest,
// Send wait, or the slow peer leave. [WithConflate] keeps the newest message alone,
// [WithConflateTopics] the newest of each topic. SetSendHWM and SetRecvHWM change the
// marks of queues that are there.
//
// # Late subscribers
//
// A publisher's message is for those who have subscribed to it by then.
// [Pub.WaitSubscribers] waits for them. With [WithLastValue] or [WithReplay] a
// publisher keeps the newest messages of each topic and sends them to whoever
// subscribes later. [Pub.HasSubscribers] tells whether a message is worth making.
//
// # Limits
//
// Whatever a peer does costs a bounded amount, and no other peer anything. These
// are the limits, their defaults, the options that change them, and what happens
// beyond; an option's documentation says more.
//
//	before it is in
//	handshake, all of it     10 s      WithHandshakeTimeout   closed
//	handshakes at once       256       WithMaxHandshakes      the oldest is closed, for each listener
//	connections              65,536    WithMaxConnections     the newcomer is closed; accepted ones
//	from one address         none      WithMaxConnectionsPerAddress   the newcomer is closed
//	handshake command        16 KiB    -                      closed, on its header
//	properties               64        -                      closed
//	identity                 255       -                      closed
//	memory for the peer      64 KiB    -                      (greeting, one command, stacks)
//
//	what it sends
//	message                  64 MiB    WithMaxMessageSize     closed, on the header that goes beyond
//	frame                    as above  WithMaxMessageSize
//	frames of a message      4096      WithMaxFrames          closed
//	command                  64 KiB    -                      closed, on its header
//	topic                    64 KiB    -                      closed
//	subscriptions            100,000   WithMaxSubscriptions   closed
//	octets of all topics     16 MiB    WithMaxSubscriptions   closed
//	groups                   10,000    WithMaxGroups          closed; each has 255 octets at most
//	datagram                 8 KiB     -                      dropped, as is one that finds its queue full
//	PONG that are owed       1         -                      the newest counts
//
//	what waits, each way
//	messages                 1000      WithRecvHWM, WithSendHWM             not read from; see Queues
//	octets                   64 MiB    WithRecvHWMBytes, WithSendHWMBytes   the same
//	octets of all peers      256 MiB   WithMaxBuffered        not read from, above 64 KiB or a message each
//
//	what a publisher keeps for late subscribers (WithReplay)
//	topics                   10,000    WithReplayLimits       the one published least recently goes
//	memory for them          64 MiB    WithReplayLimits       the same
//
//	what it does not do
//	say something            15 s      WithHeartbeat          closed; ZMTP 3.1
//	take something           none      WithMaxStall           closed
//	take our subscriptions   64 MiB    -                      closed, and told anew; groups, too
//
// What is kept for a peer is at most its two queues, a message that has not come
// whole (as much as has come, twice that while it grows), and 64 KiB of buffer on
// either way. A message that comes octet by octet has no limit of time: it costs
// what has come of it. What is left of peers that are gone has the limit of all
// peers: while it is above, newcomers are not read from, and nothing is dropped.
//
// A peer that is refused for a limit is told of in [Monitor], with the limit;
// those that are closed are counted in [Stats] as Refused or Lost.
//
// # Security
//
// Without WithSecurity nothing is encrypted, and without WithAuthenticator
// everybody who reaches a bound port is in. Binding tcp on an address that other
// hosts reach is then told of in the log, once, and so is each peer that is
// refused, or that refuses us ([WithLogger]): with the reason, and what to do.
//
// # Older peers
//
// Peers have to speak ZMTP 3.0 or later, as those of libzmq 4 do. [WithLegacyZMTP]
// lets in those of 1.0 and 2.0 as well, which know no security and no heartbeat.
//
// # Where this differs from libzmq
//
//   - Close goes on sending for 5 s, not for ever, and its error tells how many
//     messages it had to abandon ([UnsentError]).
//   - A ROUTER's message for an unknown peer is an error, ErrNoRoute, not
//     dropped silently ([WithSilentDrop] for that). A second peer with a taken
//     identity is refused, with an event that says so.
//   - Everything a peer does has a limit, see Limits: messages 64 MiB and 4096
//     frames, subscriptions 100,000 and 16 MiB, and so on.
//   - A RADIO over udp sends no group name over 127 octets; a socket that asks
//     for security has no endpoints of udp; and a unicast port of udp is one
//     socket's alone.
//   - Heartbeats are on, every 5 s, for peers that speak ZMTP 3.1.
//   - Redialing backs off, with jitter, from 100 ms to 10 s, and never ends
//     ([WithRedialStop] ends it); a peer that was refused for breaking the
//     protocol is tried again at the longest pause, one that refuses us for good
//     at up to six times that.
//   - What goes wrong with a peer is logged, through slog ([WithLogger]).
//   - All methods of all sockets are safe for concurrent use.
//   - Peers of ZMTP 1.0 and 2.0 are refused unless [WithLegacyZMTP] is set. The
//     socket type that one of 2.0 announces has to go with ours.
//   - A STREAM's connection that is made again has a new routing id, an id that no
//     connection has is ErrNoRoute, and the side that ends one gets the notice, too.
//   - In process, a connection that ended is made again like any other, and
//     socket types have to go together.
package socket
