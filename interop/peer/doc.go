// Package peer runs libzmq sockets in a process of their own, for tests that
// have to meet an implementation nobody here wrote.
//
// The process is Debian's Python with python3-zmq. It reads requests from its
// standard input and ends when that does, so that none outlives the tests.
//
//	p, err := peer.Start(ctx) // errors.Is(err, peer.ErrMissing): skip
//	pull, err := p.Socket("PULL", peer.Int("RCVHWM", 10))
//	endpoint, err := pull.Bind("tcp://127.0.0.1:*")
//	m, err := pull.Recv(ctx)
//
// A [Socket] sends and receives through the same two methods as the sockets of
// package socket, so that a test can treat both ends alike.
package peer
