// Package brokerless is the front page of a messaging library that needs no
// broker: sockets that speak ZMTP 3.1, the protocol of ZeroMQ, in pure Go.
//
// A producer connects, a consumer binds, and work flows:
//
//	pull, err := socket.NewPull()
//	endpoint, err := pull.Bind("tcp://127.0.0.1:5557")
//	for m, err := range pull.Messages(ctx) { … }
//
//	push, err := socket.NewPush()
//	err = push.Connect("tcp://127.0.0.1:5557")
//	err = push.Send(ctx, []byte("work"))
//
// This package itself is empty. What there is:
//
//   - [github.com/brokerless/brokerless/socket]: the sockets, which is what
//     programs import first;
//   - [github.com/brokerless/brokerless/discovery]: programs that find each other,
//     by mdns, static, dnssrv or gossip below it, mesh, where all know each
//     other, and zre, to join rings of Zyre;
//   - [github.com/brokerless/brokerless/codec]: values in place of octets;
//   - [github.com/brokerless/brokerless/call]: requests and replies;
//   - [github.com/brokerless/brokerless/transport]: what a transport has to do,
//     with tcp, ipc, inproc and udp below it, and a suite of tests for new ones;
//   - [github.com/brokerless/brokerless/pattern]: the rules of the patterns,
//     without I/O;
//   - examples: programs to run and to read.
package brokerless
