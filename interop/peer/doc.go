// Package peer runs sockets of other implementations in a process of their own,
// for tests that have to meet what nobody here wrote.
//
// The process is a small program in the implementation's language: peer.py for
// libzmq, node/peer.js for zeromq.js, jeromq/Peer.java for JeroMQ. All read the same requests from their
// standard input, with the names that libzmq has for kinds, options, events and
// errors, and end when that does, so that none outlives the tests.
//
//	p, err := peer.Start(ctx) // errors.Is(err, peer.ErrMissing): skip
//	pull, err := p.Socket("PULL", peer.Int("RCVHWM", 10))
//	endpoint, err := pull.Bind("tcp://127.0.0.1:*")
//	m, err := pull.Recv(ctx)
//
// A [Socket] sends and receives through the same two methods as the sockets of
// package socket, so that a test can treat both ends alike.
package peer
