package socket

// DropReason says why a message was not delivered.
type DropReason uint8

// The reasons for which messages are dropped. Each drop is counted in [Stats].
const (
	DropFull      DropReason = iota // the peer's queue was at its high-water mark (PUB, XPUB, XSUB, RADIO, ROUTER, REP), or ours was and there is nobody to hold up (udp)
	DropNoRoute                     // no peer has the routing id (ROUTER with WithSilentDrop)
	DropPeerGone                    // the peer left before it took the message, or the system did not take the datagram
	DropClosed                      // the socket or endpoint was closed before the message left
	DropConflated                   // a newer message took its place (WithConflate, WithConflateTopics)
	DropFiltered                    // no subscription matches (SUB), or the group is not joined (DISH)
	DropStale                       // not the answer to the present request (REQ)
	DropMalformed                   // not of the form that the pattern asks for: REQ, REP, PUB, RADIO, DISH, and more than one frame
	DropTooLarge                    // above the limits of the receiver, from a peer in process or over udp
	DropEvicted                     // made room for a newer one (PolicyDropOldest)
	DropSlow                        // waited for a peer that was disconnected because it was slow (PolicyDisconnectSlow)
	dropReasons
)

var dropNames = [dropReasons]string{
	"high-water mark", "no route", "peer gone", "closed", "conflated", "filtered", "stale reply", "malformed", "too large",
	"made room", "slow peer",
}

// String returns the reason in words.
func (r DropReason) String() string {
	if r < dropReasons {
		return dropNames[r]
	}
	return "unknown"
}

// Drops counts dropped messages by reason: d[DropFull].
type Drops [dropReasons]uint64

// Total returns the sum over all reasons.
func (d Drops) Total() uint64 {
	var n uint64
	for _, v := range d {
		n += v
	}
	return n
}
