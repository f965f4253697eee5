// Package discovery finds the instances of a service and keeps sockets
// connected to them, without a broker.
//
// An [Instance] is one socket that somebody offers: an id, the name of the
// service, where it is reached, and some metadata. A [Backend] makes instances
// known, and knows those of others: package mdns asks the local network,
// static reads a list or a file, dnssrv asks the DNS, gossip spreads the word
// from seed to seed. [Merge] runs several at once. They are interchangeable.
//
//	lan, err := mdns.New()
//	if err != nil { … }
//	defer lan.Close()
//	f, err := discovery.Follow(ctx, lan, "orders", push)
//
// [Follow] connects a socket to all instances of a service, now and as they
// come. What a backend says is a hint where a peer may be, never proof that it
// is there or gone: whether a link lives is decided by its traffic and its
// heartbeat alone, and no link is cut because an announcement ran out.
package discovery
