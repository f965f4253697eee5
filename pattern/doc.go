// Package pattern holds the rules of the ZeroMQ messaging patterns, and nothing else: whose turn it is, who
// subscribed to what, where a reply goes, which sockets may talk to each other. It does no I/O, starts no goroutine,
// reads no clock and takes no lock, so each rule can be read, and tested, by itself. The sockets supply the bytes and
// the locking.
//
//   - [Rotation] is the order of turns: round robin when sending, fair queuing when receiving (RFC 28, 30).
//   - [Trie] holds the subscriptions a publisher knows, [Subscriptions] those a subscriber made (RFC 29).
//   - [Requester] and [Replier] are the lockstep of REQ and REP, [SplitEnvelope] their framing (RFC 28).
//   - [Routes] is the table by which a ROUTER finds its peers (RFC 28).
//   - [Compatible] says which socket types may be connected to which (RFC 23, 28 to 31, 41, 48, 49, 51, 52).
//
// No type of this package is safe for concurrent use: the caller guards it. Apart from an occasional growth or
// clean-up, whose cost is spread over the operations that made it necessary, an operation costs no more than the
// length of the topic or identity it is given and the number of results it gives back; the few exceptions say so.
// Nothing is recursive, so no input can exhaust the stack.
//
// Letters and a number in a comment, such as RR-22, name the rule of this project's conformance list that the code or
// test stands for.
package pattern
