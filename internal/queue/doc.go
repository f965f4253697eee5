// Package queue holds the bounded queue of messages between a socket and one
// peer, in either direction.
//
// Messages are stored as they stand on the wire, ZMTP frame after frame, so
// that sending is one copy into a buffer and one write of the whole buffer,
// and receiving is one read and one copy out. Bodies of [LargeBody] octets and
// more are kept beside the buffer in memory of their own: they are written
// with a gather write and received straight into the memory the application
// gets.
//
// A queue may keep only the newest message, or the newest of each topic; these
// wait on a shelf until the consumer asks for them.
//
// A queue has one producer side and one consumer side. All of a socket's
// outgoing queues share the socket's send lock, so one lock is taken for one
// Send however many peers it reaches; an incoming queue has a lock of its own.
// An in-process pipe is one queue: the sender's outgoing queue is the
// receiver's incoming one.
//
//	application -> Queue.Append -> Batch ... Queue.Take -> the wire
//	the wire -> Decoder.Deliver -> Batch ... Reader.Next -> Arena.Message -> application
package queue
