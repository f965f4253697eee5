// Package curve secures sockets with public keys (the CURVE mechanism, RFC 25 and
// 26, on CurveZMQ): everything is encrypted, both sides know for certain whom
// they speak with, and what is recorded today cannot be read with keys that are
// stolen tomorrow. It speaks with libzmq, JeroMQ and all that speak CURVE.
//
// Each side has a key pair. A client knows the server's public key beforehand; a
// server's authenticator decides by the client's public key who may come in.
//
//	pair, err := curve.NewKeyPair()
//	err = curve.WriteKeyPair("server.key_secret", pair) // for the server alone
//	err = curve.WriteKey("server.key", pair.Public)     // for everybody
//
//	pull, err := socket.NewPull(
//		socket.WithSecurity(curve.Server(pair)),
//		socket.WithAuthenticator(friends))
//
//	server, err := curve.ReadKey("server.key")
//	push, err := socket.NewPush(socket.WithSecurity(curve.Client(server, own)))
//
// Which side is the server does not depend on which one binds (WT-69). A socket
// that does both, such as one of a mesh, takes [Peers].
//
// A public key is written in Z85 (RFC 32): 40 characters, such as
// rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7. Key files are the certificates of
// pyzmq and czmq. A [SecretKey] does not print itself, wherever it gets to; only
// [SecretKey.Reveal] shows it.
//
// Not hidden are that two sides speak, how much and when, and, in the handshake,
// what a server refuses a client with.
package curve
