package zmtp

import "fmt"

// Kind says which part of the protocol a peer broke.
type Kind uint8

// The kinds of [ProtocolError].
const (
	// BadGreeting: the octets are no ZMTP greeting.
	BadGreeting Kind = iota + 1
	// BadFrame: a frame header that the grammar does not allow.
	BadFrame
	// BadCommand: a command body that does not hold what its name promises.
	BadCommand
	// BadMetadata: properties that are malformed, repeated or not allowed.
	BadMetadata
	// UnexpectedCommand: a well-formed command, or a message, out of turn.
	UnexpectedCommand
	// TooLarge: legal, but over a limit of this side.
	TooLarge
	// BadNonce: an encrypted command that is not newer than the one before it.
	BadNonce
	// BadCrypto: a box that does not open, or holds what it must not.
	BadCrypto
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case BadGreeting:
		return "malformed greeting"
	case BadFrame:
		return "malformed frame"
	case BadCommand:
		return "malformed command"
	case BadMetadata:
		return "invalid metadata"
	case UnexpectedCommand:
		return "unexpected command"
	case TooLarge:
		return "over the limit"
	case BadNonce:
		return "replayed nonce"
	case BadCrypto:
		return "cryptographic error"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// ProtocolError says that a peer broke the protocol or went over a limit. The
// connection is of no further use: nothing after the offending octet can be
// trusted to be a frame boundary.
type ProtocolError struct {
	Kind     Kind
	Seen     string // what the peer sent, quoted where it is the peer's own text
	Expected string // what the protocol or the limit allows
}

// Error returns the kind, what was seen and what was expected.
func (e *ProtocolError) Error() string {
	return fmt.Sprintf("%v: got %s, expected %s", e.Kind, e.Seen, e.Expected)
}

// VersionError says that the peer speaks a version before ZMTP 3.0, which this
// engine refuses.
type VersionError struct {
	Major, Minor byte // what the peer speaks: 1.0 or 2.0
	Offset       int  // the greeting octet that told, counted from 0
	Octet        byte // its value
}

// Error returns the version and the octet that gave it away.
func (e *VersionError) Error() string {
	return fmt.Sprintf("peer speaks ZMTP %d.%d (greeting octet %d is 0x%02x), expected 3.0 or later",
		e.Major, e.Minor, e.Offset, e.Octet)
}

// MechanismError says that the two sides are set up for different security
// mechanisms (WT-09). Dialing again cannot help.
type MechanismError struct {
	Local, Peer string
}

// Error names both mechanisms.
func (e *MechanismError) Error() string {
	return fmt.Sprintf("peer uses mechanism %q, expected %q", e.Peer, e.Local)
}

// PeerError is an ERROR command that the peer sent: it refuses this connection
// (WT-57), and will refuse the next one too unless something is changed.
type PeerError struct {
	Reason string // as sent, 0 to 255 octets of any value
}

// Error quotes the peer's reason.
func (e *PeerError) Error() string {
	return fmt.Sprintf("peer refused the connection: %q", e.Reason)
}
