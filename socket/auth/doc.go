// Package auth has ready authenticators for [socket.WithAuthenticator]: who may
// come in, and who it then is.
//
//	known, err := auth.KeyFile("/etc/orders/clients")
//	if err != nil { … }
//	pull, err := socket.NewPull(
//		socket.WithSecurity(curve.Server(own)),
//		socket.WithAuthenticator(auth.All(auth.Networks(netip.MustParsePrefix("10.0.0.0/8")), known)))
//
//	Anyone            everybody
//	Networks, Local   by where the peer comes from
//	Users, Groups     by whose process it is, over ipc on Linux
//	Keys, KeyFile, KeyFolder        by the key that it proves under CURVE
//	Passwords, PasswordFile         by user name and password under PLAIN
//	ZAP               as a ZAP handler says (RFC 27); ServeZAP is such a handler
//	All, OneOf        several of these together
//
// Each one refuses what it was not made for: an authenticator of keys refuses
// a peer that shows a password, and one of nothing refuses everybody.
//
// # Files
//
// What is read from a file is looked at again when a peer comes, but at most
// once a second: a change is in force a second later. There is no goroutine,
// and nothing to close. Whether a file is written in place or replaced by
// another, what is in force is always a whole list: one that cannot be read, or
// makes no sense, changes nothing, and is told once, to [WithReport] or else as
// a warning to [slog.Default]. Replace a file by renaming another one to its
// name: of a file that is half-written when a peer comes, half the lines may be
// in force for a second. A file, or a folder, to which everybody may write is
// refused, except on Windows, where modes do not tell.
//
// # Refusals
//
// A refusal is a [*socket.AuthError] with a status of RFC 27. The peer is told
// the status and no more (WT-61); the reason is for the events of the socket. It
// names keys, addresses and users, never a password.
//
// Every authenticator here is safe for concurrent use, by any number of sockets.
package auth
