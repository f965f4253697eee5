package pattern

// The names of the socket types, as the Socket-Type property of a handshake carries them (WT-88).
const (
	REQ    = "REQ"    // RFC 28
	REP    = "REP"    // RFC 28
	DEALER = "DEALER" // RFC 28
	ROUTER = "ROUTER" // RFC 28
	PUB    = "PUB"    // RFC 29
	SUB    = "SUB"    // RFC 29
	XPUB   = "XPUB"   // RFC 29
	XSUB   = "XSUB"   // RFC 29
	PUSH   = "PUSH"   // RFC 30
	PULL   = "PULL"   // RFC 30
	PAIR   = "PAIR"   // RFC 31

	CLIENT  = "CLIENT"  // RFC 41, draft
	SERVER  = "SERVER"  // RFC 41, draft
	RADIO   = "RADIO"   // RFC 48, draft
	DISH    = "DISH"    // RFC 48, draft
	SCATTER = "SCATTER" // RFC 49, draft
	GATHER  = "GATHER"  // RFC 49, draft
	PEER    = "PEER"    // RFC 51, draft
	CHANNEL = "CHANNEL" // RFC 52, draft

	STREAM = "STREAM" // libzmq's, without ZMTP: it is in no handshake
)

// Compatible reports whether a socket of type a may talk to one of type b. It is symmetric. Names are compared octet
// by octet, as on the wire; one that is not among the constants of this package is compatible with none.
func Compatible(a, b string) bool {
	switch a {
	case REQ:
		return b == REP || b == ROUTER
	case REP:
		return b == REQ || b == DEALER
	case DEALER:
		return b == REP || b == DEALER || b == ROUTER
	case ROUTER:
		return b == REQ || b == DEALER || b == ROUTER
	case PUB, XPUB:
		return b == SUB || b == XSUB
	case SUB, XSUB:
		return b == PUB || b == XPUB
	case PUSH:
		return b == PULL
	case PULL:
		return b == PUSH
	case CLIENT:
		return b == SERVER
	case SERVER:
		return b == CLIENT
	case RADIO:
		return b == DISH
	case DISH:
		return b == RADIO
	case SCATTER:
		return b == GATHER
	case GATHER:
		return b == SCATTER
	case PAIR, PEER, CHANNEL:
		return a == b
	}
	return false
}
