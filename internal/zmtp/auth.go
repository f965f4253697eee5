package zmtp

import (
	"fmt"
	"strconv"
)

// A Request is what an authenticator is asked to decide on.
type Request struct {
	// Credentials are what the peer has shown: nothing under NULL, a user name
	// and a password under PLAIN, the client's public key under CURVE.
	Credentials [][]byte
	// Properties are the peer's metadata, if it has come by then; else nil.
	Properties Metadata
}

// A Verdict is an authenticator's answer.
type Verdict struct {
	Status   int      // StatusOK lets the peer in; any other refuses it
	Text     string   // why, for people; it is not sent to the peer
	UserID   string   // who the peer is
	Metadata Metadata // more that is known of it
}

// The status codes of RFC 27.
const (
	StatusOK        = 200 // the peer may stay
	StatusTemporary = 300 // not now: it may try again soon
	StatusDenied    = 400 // it may not
	StatusInternal  = 500 // the authenticator has failed
)

// An Asker is a mechanism that has an authenticator asked. While its state is
// Waiting, Request says what to ask, and Answer takes the verdict, after which
// the state is another one. If the verdict is a refusal, the next Output ends
// the handshake with an [*AuthError], and tells the peer what RFC 27 has it told:
// the status in an ERROR, or nothing if it is temporary (WT-61, WT-65, WT-83).
type Asker interface {
	Mechanism
	Request() Request
	Answer(v Verdict)
}

// AuthError says that this side's authenticator has refused the peer.
type AuthError struct {
	Status int    // of RFC 27: 300, 400 or 500
	Text   string // the authenticator's reason
}

// Error returns status and reason.
func (e *AuthError) Error() string {
	return fmt.Sprintf("peer refused with status %d: %s", e.Status, e.Text)
}

// refusal returns the error that a verdict comes to, nil if the peer may stay.
func refusal(v Verdict) *AuthError {
	if v.Status == StatusOK {
		return nil
	}
	return &AuthError{Status: v.Status, Text: v.Text}
}

// appendRefusal appends what the peer is told of a refusal: the status, or
// nothing if it is temporary.
func appendRefusal(dst []byte, e *AuthError) []byte {
	if e.Status == StatusTemporary {
		return dst
	}
	return AppendError(dst, strconv.Itoa(e.Status))
}
