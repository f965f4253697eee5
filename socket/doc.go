// Package socket has the sockets of ZeroMQ, one Go type each, without a broker
// and without cgo. They speak ZMTP 3.1 and so talk to any ZeroMQ peer.
//
//	RFC 30  Push -> Pull                 work is spread over the peers, in turn
//	RFC 29  Pub, XPub -> Sub, XSub       each message goes to all who subscribed to it
//	RFC 28  Req <-> Rep                  request and reply, in lockstep
//	        Dealer <-> Router            the same without lockstep, many at a time
//	RFC 31  Pair <-> Pair                exactly two
//
// A socket has any number of endpoints, bound with Bind, connected with
// Connect, or both; which side binds has nothing to do with which side sends.
// Connect returns at once and keeps the connection up from then on. Endpoints
// are "tcp://host:port", "ipc:///path", "ipc://@name" (Linux), and
// "inproc://name" between sockets of one process.
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
// full send queue does is the pattern's rule: PUSH, DEALER, REQ and PAIR wait;
// PUB, XPUB, XSUB, ROUTER and REP drop for that peer alone, and count it in
// [Stats].
//
// # Where this differs from libzmq
//
//   - Close goes on sending for 5 s, not for ever, and its error tells how many
//     messages it had to abandon ([UnsentError]).
//   - A ROUTER's message for an unknown peer is an error, ErrNoRoute, not
//     dropped silently ([WithSilentDrop] for that). A second peer with a taken
//     identity is refused, with an event that says so.
//   - Messages are limited to 64 MiB and 4096 frames, and a peer's
//     subscriptions to 100,000 and 16 MiB.
//   - Heartbeats are on, every 5 s, for peers that speak ZMTP 3.1.
//   - Redialing backs off, with jitter, from 100 ms to 10 s, and never ends; a
//     peer that was refused for breaking the protocol is tried again at the
//     longest pause.
//   - All methods of all sockets are safe for concurrent use.
//   - In process, a connection that ended is made again like any other, and
//     socket types have to go together.
package socket
