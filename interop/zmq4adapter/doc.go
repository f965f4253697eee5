// Package zmq4adapter has the interface of github.com/go-zeromq/zmq4 v0.17.0 on
// the sockets of this module, so that a program written for the one runs on the
// other with one import changed:
//
//	import zmq4 "github.com/brokerless/brokerless/interop/zmq4adapter"
//
// The constructors, their options, the methods of the sockets and the helpers
// have the names and signatures of the original. [Socket], [Msg] and the like
// are its own types: what one package makes can be handed to code that imports
// the other. All methods of all sockets are safe for concurrent use. What is
// new, such as contexts for each call, monitors and security, is in package
// socket; [WithSocketOptions] passes its options on.
//
// # Where it differs from the original
//
// Where the original departs from ZeroMQ, the sockets here do what ZeroMQ does:
//
//   - PUSH and DEALER send each message to one peer, in turn, and not to all of
//     them. PAIR has one peer; a second one is refused.
//   - Each peer has a queue of at most 1000 messages in each direction, and
//     OptionHWM, which the original heeds on PUB alone, changes that on all types.
//     Send returns once a message is queued, not when it is written. PUB, XPUB
//     and XSUB drop what a peer has no room for, peer by peer; a slow subscriber
//     holds up nobody. In the original a PUB has one queue, without limit unless
//     OptionHWM is set.
//   - Connections that Dial made are always made again when they are lost;
//     [WithAutomaticReconnect] changes nothing.
//   - The loss of a peer is no error of Recv or Send. The original has Recv return
//     io.EOF or the like once. A program that relied on that to notice the end of a
//     server waits on: give the socket a context that ends, or use Request of
//     package socket.
//   - REQ and REP keep their turns: Send twice, or Recv twice, is an error that
//     matches socket.ErrState. A REQ without a peer waits for one, as the others
//     do; in the original it fails at once.
//   - REP takes the first empty frame of a request for the end of its envelope, not
//     the last: empty frames may be sent.
//   - A ROUTER drops at once what is for an identity that nobody has; in the
//     original it waits for a first peer to come. A second peer with an identity
//     that is taken is refused; in the original both get what is sent to it.
//   - SUB filters what it receives, so that nothing comes of a topic once it is
//     cancelled. Subscribing twice takes cancelling twice. SUB does not send; the
//     original passes on what it is given.
//   - XPUB receives the subscriptions of its peers, as messages. One that is never
//     received from reads no more subscriptions of a peer once 1000 messages wait.
//   - XSUB remembers what it has subscribed to, and tells peers that come later.
//     It can subscribe before there is a peer; in the original Send waits for one.
//   - A socket without [WithID] announces no identity, and a ROUTER makes up five
//     octets for it. The original announces a UUID, on all types.
//   - Heartbeats are exchanged with peers that speak ZMTP 3.1, and a silent peer is
//     given up. The original speaks 3.0 and cannot.
//
// The rest comes from how this module is made:
//
//   - Close goes on sending what is queued for at most 5 s, see socket.WithLinger,
//     and returns when every goroutine of the socket has ended. When the context of
//     a socket is done the socket is closed; in the original its methods fail and
//     its connections stay.
//   - [WithDialerTimeout] is 10 s by default, not 5 minutes, and bounds handshakes
//     too. A pause of [WithDialerRetry] is cut at random by up to a half.
//   - Dialing the same endpoint again makes no second connection.
//   - Names of inproc endpoints are shared with the sockets of package socket, not
//     with those of the original. Dial waits for a listener as long as all its
//     attempts would take, and a second.
//   - The file of an ipc endpoint is for the same user only, and that of an owner
//     that died is replaced. There is no udp.
//   - Messages of more than 64 MiB or 4096 frames are refused with
//     socket.ErrTooLarge, and ones without a frame with socket.ErrMessage; see
//     socket.WithMaxMessageSize.
//   - A PUB says of itself that it is an XPUB, because it could not tell its Topics
//     otherwise. Both are the same to their peers.
//   - OptionHWM is set before the first Listen, Dial, Send, Recv or subscription;
//     later it is refused. An option that a socket type does not have is refused
//     with ErrBadProperty by all types; in the original most types keep it and do
//     nothing with it. A wrong type is an error too, not a panic.
//   - [WithSecurity] takes NULL only; other mechanisms come from package socket, by
//     [WithSocketOptions].
//   - Without [WithLogger] nothing is logged; the original writes to standard error.
//   - RegisterTransport is missing: transports are given to a socket, with
//     socket.WithTransport. So are the sockets NewC… on czmq.
//   - A Proxy is socket.Proxy: it pauses, resumes, and ends at once when it is
//     killed; in the original Pause and Resume do nothing and Kill waits for the
//     next message. Errors of its sockets end it, and are what Run returns.
//   - Errors are socket.OpError, with other texts. But those of a context are
//     context.Canceled and context.DeadlineExceeded themselves, as in the original,
//     and of a closed socket context.Canceled.
package zmq4adapter
