// Package plain secures sockets with a user name and a password (the PLAIN
// mechanism, RFC 24): a server's authenticator decides by them who may come in.
//
//	pull, err := socket.NewPull(
//		socket.WithSecurity(plain.Server()),
//		socket.WithAuthenticator(passwords))
//
//	push, err := socket.NewPush(socket.WithSecurity(plain.Client("ann", password)))
//
// Nothing is encrypted: everybody on the way reads the password and the
// messages, and can change them, and a client shows its password to any server.
// It is for a network that is trusted, and for ipc. Package curve is for all
// others.
//
// Which side is the server does not depend on which one binds (WT-69). Two
// servers, or two clients, never come together (WT-67).
package plain
