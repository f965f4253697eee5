package transport

import "errors"

// What a transport finds out about a peer beyond carrying its octets, as one does that has a handshake of its own. Errors
// of Dial, Read and Write that match one of these with errors.Is have a socket treat the peer accordingly.
var (
	// ErrDenied says that one side does not accept who the other is, as when a certificate cannot be verified. Whether it
	// does will not change by asking, so a socket tries again slowly.
	ErrDenied = errors.New("identity not accepted")

	// ErrProtocol says that the peer does not speak the protocol of the transport.
	ErrProtocol = errors.New("transport protocol error")

	// ErrTooLarge says that the peer announced more octets than Terms allow.
	ErrTooLarge = errors.New("larger than allowed")
)
