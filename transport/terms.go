package transport

import "time"

// Certified is implemented by connections whose transport proves who the peer is, as TLS does.
type Certified interface {
	// PeerCertificate returns the certificate, in DER, that the peer has proven to be its own and that was verified, and the
	// name it is for; nothing if there is none. A socket asks once the first octets of the peer have come.
	PeerCertificate() (der []byte, name string)
}

// Terms is what a connection has to know of the socket above it if it does more than carry octets.
type Terms struct {
	MaxMessage       int64         // octets of the largest frame that may come; 0: no limit
	Heartbeat        time.Duration // how often to make sure that the peer is alive; 0: never
	HeartbeatTimeout time.Duration // how long it may be silent
}

// Termed is implemented by connections that frame messages themselves, such as those of WebSocket. SetTerms is called
// once, after the handshake of ZMTP, before the first octet of traffic is read. Before, no more than a handshake takes
// may come.
type Termed interface {
	SetTerms(t Terms)
}
