// Package zmtp is the wire engine of ZMTP 3.1 (RFC 37) without I/O: it turns
// octets into frames, commands and handshake progress, and back, and leaves
// reading, writing, deadlines and queues to its caller.
//
// Sent is always version 3.1. Peers that announce 3.0 or anything higher are
// served (WT-11); a peer of ZMTP 1.0 or 2.0 fails with a [*VersionError], unless
// [Config.Legacy] lets it in. What
// a 3.0 peer does not know, the caller leaves out or says in the older form:
// see [Peer.AtLeast] and [AppendSubscribeMessage].
//
// Nothing here starts a goroutine, blocks, or keeps a slice that it was given,
// unless its comment says so. Functions are safe for concurrent use, a
// [Handshake] and a [Mechanism] are not. Appenders grow dst as append does and
// return it. Rule IDs such as WT-22 name entries of the project's conformance
// list.
package zmtp
