package socket

import "time"

// Stats is what a socket has done so far. For each direction
//
//	Messages == Delivered + Dropped.Total() + Queued
//
// holds exactly at any moment.
type Stats struct {
	Out Flow // towards the peers; a message that goes to three subscribers counts three times
	In  Flow // from the peers

	Peers      int    // connected, past their handshake
	Pending    int    // handshakes under way
	Handshakes uint64 // completed
	Refused    uint64 // connections that failed before or in their handshake
	Denied     uint64 // of Refused, those by authentication: our Authenticator refused the peer, or the peer's us
	Lost       uint64 // connections that ended after their handshake
	Redials    uint64 // attempts to connect after the first of each endpoint

	Kept KeptStats   // for those who subscribe later (WithReplay)
	Each []PeerStats // the connected peers
}

// KeptStats is what a publisher keeps of what it has published, until it is
// closed.
type KeptStats struct {
	Topics   int    // of which messages are kept
	Messages int    // kept
	Bytes    int    // of memory that they take
	Evicted  uint64 // messages forgotten because of WithReplayLimits, not for a newer one of the same topic
	Replayed uint64 // messages queued for peers that subscribed; Out has them too
}

// Flow counts the messages of one direction.
type Flow struct {
	Messages  uint64 // accepted by Send, or received whole from a peer
	Delivered uint64 // taken by the operating system or an in-process peer, or by the application
	Dropped   Drops
	Queued    int // waiting
	Bytes     int // what the waiting ones take, in octets on the wire
}

// PeerStats is what waits for and from one peer at the moment.
type PeerStats struct {
	Peer      Peer
	Out, In   int       // messages queued
	OutBytes  int       // octets on the wire
	InBytes   int       // octets on the wire
	LastHeard time.Time // when octets last came; zero for an in-process peer
}
