package socket

import (
	"fmt"
	"time"
)

// EventKind says what happened.
type EventKind uint8

// The kinds of events, with the ZMQ_EVENT_ names they correspond to.
const (
	EventListening       EventKind = iota + 1 // an endpoint is bound (LISTENING)
	EventAccepted                             // a connection came in, before its handshake (ACCEPTED)
	EventAcceptFailed                         // accepting failed; the listener goes on (ACCEPT_FAILED)
	EventConnected                            // a connection was made, before its handshake (CONNECTED)
	EventConnectFailed                        // dialing failed; tried again after Delay (CONNECT_RETRIED)
	EventReady                                // the handshake is done: traffic may flow (HANDSHAKE_SUCCEEDED)
	EventHandshakeFailed                      // the peer was refused or refused us; Err says why (HANDSHAKE_FAILED_…)
	EventDisconnected                         // an established connection ended; Err says why (DISCONNECTED)
	EventUnbound                              // a listener ended (CLOSED)
	EventDropping                             // messages for a peer, or over udp from any, are being dropped; once until it recovers
	EventRedial                               // the connection will be tried again after Delay (CONNECT_RETRIED)
	EventRedialStopped                        // the connection will not be tried again; Err says why (WithRedialStop)
)

var eventNames = [...]string{
	EventListening:       "listening",
	EventAccepted:        "accepted",
	EventAcceptFailed:    "accept failed",
	EventConnected:       "connected",
	EventConnectFailed:   "connect failed",
	EventReady:           "ready",
	EventHandshakeFailed: "handshake failed",
	EventDisconnected:    "disconnected",
	EventUnbound:         "unbound",
	EventDropping:        "dropping",
	EventRedial:          "redial",
	EventRedialStopped:   "redial stopped",
}

// String returns the kind in words.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Event is something that happened to a socket's endpoints or peers. Events
// come on a way of their own: a peer's EventDisconnected may be there before
// the application has received the peer's last messages.
type Event struct {
	Kind     EventKind
	Time     time.Time
	Endpoint string        // as it was given to Bind or Connect, with a bound port filled in
	Remote   string        // the other end's address, if there is a connection
	Peer     Peer          // who it concerns; only its addresses before the handshake is done
	Err      error         // why; nil where nothing went wrong
	Reason   DropReason    // of EventDropping
	Delay    time.Duration // until the next attempt, of EventRedial and EventConnectFailed
}

// String returns the event as a log line.
func (e Event) String() string {
	s := e.Kind.String() + " " + e.Endpoint
	if e.Remote != "" {
		s += " peer " + e.Remote
	}
	if e.Peer.ID != "" {
		s += fmt.Sprintf(" id %q", string(e.Peer.ID))
	}
	if e.Kind == EventDropping {
		s += ": " + e.Reason.String()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Delay > 0 {
		s += fmt.Sprintf(", again in %v", e.Delay.Round(time.Millisecond))
	}
	return s
}
