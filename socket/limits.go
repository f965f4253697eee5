package socket

import "time"

// What a socket allows its peers and itself unless an option says otherwise.
const (
	defaultHighWaterMark   = 1000             // messages queued for or from one peer (HW-01)
	defaultHighWaterBytes  = 64 << 20         // octets queued for or from one peer
	defaultMaxMessageSize  = 64 << 20         // octets of all frames of a message
	defaultMaxFrames       = 4096             // frames of a message
	defaultMaxTopics       = 100_000          // subscriptions of one peer
	defaultMaxTopicBytes   = 16 << 20         // octets of all of them together
	defaultMaxGroups       = 10_000           // groups one peer has joined
	defaultMaxKeptTopics   = 10_000           // of which a publisher keeps messages
	defaultMaxKeptOctets   = 64 << 20         // of memory for all of them
	defaultLinger          = 5 * time.Second  // how long Close goes on sending
	defaultHandshakeTime   = 10 * time.Second // from connection to READY, absolute
	defaultMaxHandshakes   = 256              // unfinished ones a listener
	defaultMaxConnections  = 65_536           // accepted ones past their handshake
	defaultMaxBuffered     = 256 << 20        // octets received from all peers that the application has yet to take
	defaultHeartbeat       = 5 * time.Second  // interval of PING
	defaultHeartbeatExpiry = 15 * time.Second // silence after which a peer is given up
	defaultRedialMin       = 100 * time.Millisecond
	defaultRedialMax       = 10 * time.Second
	deniedFactor           = 6 // the longest pause after a refusal is so many times redialMax
)

// Limits that no option changes.
const (
	maxCommand        = 64<<10 + 16 // octets of one command in traffic: a topic of 64 KiB
	maxTopic          = 64 << 10    // octets of one topic
	maxControl        = 64 << 20    // octets of commands that wait for a peer to take them
	maxTTL            = 65500 * time.Millisecond
	logInterval       = time.Second            // between lines about refused peers
	maxAsking         = 1024                   // calls of the authenticator that have not returned
	monitorCapacity   = 1024                   // events a slow watcher may be behind
	acceptPauseMin    = 5 * time.Millisecond   // after an accept error
	acceptPauseMax    = time.Second            // at most
	handshakePatience = 100 * time.Millisecond // before an unfinished handshake may lose its place to a newcomer
	greetedPatience   = 2 * time.Second        // the same once the peer's greeting has come
	partingTime       = 100 * time.Millisecond // for the peer to close too, after the last message
)
