package socket

import (
	"time"

	"github.com/brokerless/brokerless/internal/zmtp"
)

// PeerID is the octets of a peer's identity, by which a ROUTER addresses it:
// what the peer announced, or else five octets that the socket chose, the
// first of them zero (RR-43). On SERVER and PEER it is always of the second kind,
// and RoutingID returns the number in it (CS-02). It lasts as long as the
// connection or, for a peer that SERVER or PEER connected to, until Disconnect.
type PeerID string

// Peer is one connected peer, as it introduced itself. It is a value: what it
// says was true when the connection was made.
type Peer struct {
	ID         PeerID
	SocketType string    // "PULL"; empty if it did not say
	Endpoint   string    // of ours: what was given to Connect, or bound
	LocalAddr  string    // our end of the connection
	RemoteAddr string    // the other end
	Mechanism  string    // of security: "NULL"; empty in process
	UserID     string    // who our Authenticator says it is, or else its certificate; empty if neither does
	Version    string    // of ZMTP that the peer announced: "3.1"; empty in process
	Since      time.Time // when the handshake was completed

	// Certificate is the one, in DER, that the peer showed over TLS and that was
	// verified; nil if there was none. It is for x509.ParseCertificate, and not
	// to be changed.
	Certificate []byte

	properties zmtp.Metadata
}

// Property returns a property of the peer: what our Authenticator says of it or,
// if it does not say, what the peer said in its handshake, such as "X-Service".
// The name's case does not matter (WT-39).
func (p Peer) Property(name string) (string, bool) {
	v, ok := p.properties.Lookup(name)
	return string(v), ok
}
