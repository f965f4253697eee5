package socket

import (
	"errors"
	"fmt"
	"net"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// The errors to test for with errors.Is. A method wraps them in an [OpError].
var (
	// ErrClosed says that the socket is closed. It also matches net.ErrClosed.
	ErrClosed error = closedError{}

	// ErrWouldBlock is the answer of a Try method that would have to wait.
	ErrWouldBlock = errors.New("would block")

	// ErrNoRoute says that no peer has the routing id (RR-42, CS-04, PE-03).
	ErrNoRoute = errors.New("no peer with this routing id")

	// ErrState says that the call is out of turn: REQ sends and receives in
	// turn, REP receives and sends in turn (RR-02, RR-20).
	ErrState = errors.New("out of turn")

	// ErrMessage says that a message is not one that this socket can send:
	// without frames, or of several where one is allowed.
	ErrMessage = errors.New("bad message")

	// ErrGroup says that a group cannot be sent to, joined or left: its name has
	// more than 255 octets or a NUL among them, or it is joined already, or is not
	// joined (RD-01, RD-04).
	ErrGroup = errors.New("bad group")

	// ErrTooLarge says that a message, a topic or a name is above a limit.
	ErrTooLarge = errors.New("too large")

	// ErrProtocol says that a peer broke ZMTP or speaks something else. It
	// appears in events.
	ErrProtocol = errors.New("protocol error")

	// ErrAuth says that a peer was refused by the security mechanism. It
	// appears in events.
	ErrAuth = errors.New("not authenticated")

	// ErrCrowded says that a connection was refused because there are as many as
	// WithMaxConnections or WithMaxConnectionsPerAddress allow. It appears in events.
	ErrCrowded = errors.New("too many connections")

	// ErrSlow says that a peer was disconnected because its queue was full, as
	// PolicyDisconnectSlow asks for. It appears in events.
	ErrSlow = errors.New("peer too slow")

	// ErrEndpoint says that an endpoint is malformed, of a transport the
	// socket does not have, or not one it was bound or connected to.
	ErrEndpoint = errors.New("bad endpoint")

	// ErrOption says that an option has a value that makes no sense.
	ErrOption = errors.New("bad option")
)

type closedError struct{}

func (closedError) Error() string        { return "socket closed" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }

// OpError is the error of a method: what was tried, on which type of socket
// and endpoint, and why it failed.
type OpError struct {
	Op       string // the method, in lower case: "send", "bind"
	Socket   string // the socket type: "PUSH"
	Endpoint string // as it was given; empty where none is concerned
	Err      error
}

// Error returns the reason with its circumstances.
func (e *OpError) Error() string {
	if e.Endpoint == "" {
		return fmt.Sprintf("brokerless: %s %s: %v", e.Socket, e.Op, e.Err)
	}
	return fmt.Sprintf("brokerless: %s %s %s: %v", e.Socket, e.Op, e.Endpoint, e.Err)
}

// Unwrap returns the reason.
func (e *OpError) Unwrap() error { return e.Err }

// UnsentError is what Close and Shutdown return, wrapped in an [OpError], when
// they had to abandon messages that Send had accepted and that neither the
// operating system nor a peer in process had taken. What the operating system
// has taken is not counted, though a peer that is slow or gone may never get it.
type UnsentError struct {
	Messages int // how many; a message for three subscribers counts three times
}

// Error returns the number.
func (e *UnsentError) Error() string {
	return fmt.Sprintf("%d messages abandoned unsent", e.Messages)
}

// peerError makes an error that a peer caused match the sentinel it belongs
// to, keeping its text.
type peerError struct {
	kind error
	err  error
}

func (e *peerError) Error() string   { return e.err.Error() }
func (e *peerError) Unwrap() []error { return []error{e.kind, e.err} }

// classify returns err so that errors.Is finds ErrProtocol or ErrTooLarge in it
// when that is what it is.
func classify(err error) error {
	if errors.Is(err, ErrProtocol) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrAuth) {
		return err
	}
	var (
		auth      *zmtp.AuthError
		protocol  *zmtp.ProtocolError
		version   *zmtp.VersionError
		mechanism *zmtp.MechanismError
		peer      *zmtp.PeerError
	)
	switch {
	case errors.Is(err, transport.ErrDenied):
		return &peerError{ErrAuth, err}
	case errors.Is(err, transport.ErrTooLarge):
		return &peerError{ErrTooLarge, err}
	case errors.Is(err, transport.ErrProtocol):
		return &peerError{ErrProtocol, err}
	case errors.As(err, &protocol):
		if protocol.Kind == zmtp.TooLarge {
			return &peerError{ErrTooLarge, err}
		}
		return &peerError{ErrProtocol, err}
	case errors.As(err, &auth):
		return &AuthError{Status: auth.Status, Text: auth.Text}
	case errors.As(err, &peer) && statusOf(peer.Reason) != 0:
		status := statusOf(peer.Reason)
		return &peerError{&AuthError{Status: status}, fmt.Errorf("%w: %s", err, statusText(status))}
	case errors.As(err, &version), errors.As(err, &mechanism), errors.As(err, &peer):
		return &peerError{ErrProtocol, err}
	case errors.Is(err, queue.ErrTooLarge):
		return &peerError{ErrTooLarge, err}
	}
	return err
}

// statusOf returns the status of RFC 27 that a peer gave as the reason of its
// ERROR, or 0 if it gave another one (WT-58).
func statusOf(reason string) int {
	switch reason {
	case "300":
		return AuthTemporary
	case "400":
		return AuthDenied
	case "500":
		return AuthInternal
	}
	return 0
}

func statusText(status int) string {
	switch status {
	case AuthTemporary:
		return "not now"
	case AuthDenied:
		return "it does not know us, or does not want us"
	}
	return "its authenticator has failed"
}
