package mesh

import (
	"context"
	"errors"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
)

// The errors to test for with errors.Is.
var (
	// ErrClosed says that the node has left the mesh.
	ErrClosed = errors.New("brokerless: node closed")
	// ErrOption says that an option has a value that makes no sense.
	ErrOption = errors.New("brokerless: bad mesh option")
	// ErrUnknownPeer says that no peer with this id is Up.
	ErrUnknownPeer = errors.New("brokerless: unknown peer")
	// ErrPeerLost says that the link to a peer was lost while an answer was
	// awaited: the request may or may not have been executed.
	ErrPeerLost = errors.New("brokerless: peer lost")
	// ErrName says that the name of a group or service is empty, too long or not
	// UTF-8.
	ErrName = errors.New("brokerless: bad name")
	// ErrTaken says that the node serves or answers under this name already.
	ErrTaken = errors.New("brokerless: served already")
	// ErrTooLarge says that what the node tells of itself is more than a peer
	// takes: 64 KiB, 1,000 groups or 1,000 services.
	ErrTooLarge = errors.New("brokerless: state too large")
	// ErrNoMembers says that nobody else is in the group.
	ErrNoMembers = errors.New("brokerless: nobody in the group")
	// ErrTooFew says that fewer peers answered than were wanted.
	ErrTooFew = errors.New("brokerless: too few answers")
	// ErrNoService says that a peer does not answer what it was asked for.
	ErrNoService = errors.New("brokerless: not served")
	// ErrBusy says that an instance has no room for one more request.
	ErrBusy = errors.New("brokerless: busy")
	// ErrInbox is the Warning that messages are dropped because nobody calls
	// Recv. It comes once until there is room again.
	ErrInbox = errors.New("brokerless: inbox full")
	// ErrFull is the Warning that there are more peers than WithMaxPeers allows.
	ErrFull = errors.New("brokerless: too many peers")
	// ErrKey is in the NotLinked of somebody who has another key than he should
	// have, or none, or wants one that this node does not have.
	ErrKey = errors.New("brokerless: keys do not fit")
	// ErrConflict is the Warning that somebody else has the id of a peer, or ours.
	ErrConflict = discovery.ErrConflict
)

// Code says why a request failed. Codes from CodeUser on are the
// application's own.
type Code uint32

// Why a request failed.
const (
	CodeFailed    Code = 1 // the handler returned an error
	CodePeerLost  Code = 2 // the link was lost; it may have been executed
	CodeDraining  Code = 3 // not executed: the instance is leaving
	CodeBusy      Code = 4 // not executed: the instance has no room
	CodeNoService Code = 5 // not executed: the instance does not serve it (any more)
	CodeExpired   Code = 6 // the time was up, or the caller gave up; it may have been executed

	CodeUser Code = 100
)

// notExecuted reports whether a request with this outcome may be given to
// another instance at no risk.
func (c Code) notExecuted() bool { return c == CodeDraining || c == CodeBusy || c == CodeNoService }

// sentinel returns what an error of this code matches; nil for those that the
// application knows.
func (c Code) sentinel() error {
	switch c {
	case CodePeerLost:
		return ErrPeerLost
	case CodeBusy:
		return ErrBusy
	case CodeDraining:
		return ErrClosed
	case CodeNoService:
		return ErrNoService
	case CodeExpired:
		return context.DeadlineExceeded
	}
	return nil
}

// CallError is the error of a request that failed. A handler that returns one,
// with a Code from CodeUser on, chooses the Code and Text that the caller gets.
type CallError struct {
	Service string       // or the group, of an Ask
	Peer    discovery.ID // who was to execute it; zero if nobody was found
	Code    Code
	Text    string // what the handler said
	Err     error  // why, if that was found here: the error of a context, ErrPeerLost
}

// Error returns what failed, where and why.
func (e *CallError) Error() string {
	s := fmt.Sprintf("brokerless: call %q", e.Service)
	if e.Peer != (discovery.ID{}) {
		s += " at " + e.Peer.String()[:8]
	}
	switch {
	case e.Text != "":
		s += ": " + e.Text
	case e.Err != nil:
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns why, so that errors.Is finds ErrPeerLost, ErrBusy or the
// error of the context.
func (e *CallError) Unwrap() error {
	if e.Err != nil {
		return e.Err
	}
	return e.Code.sentinel()
}

// expired returns the error of a request whose context is done.
func expired(ctx context.Context, name string, peer discovery.ID) error {
	return &CallError{Service: name, Peer: peer, Code: CodeExpired, Err: context.Cause(ctx)}
}

// AbandonedError is what Leave and Close return when their time was up.
type AbandonedError struct {
	Requests int // of peers, that were being executed or waited for it
	Messages int // queued for peers, that neither they nor the operating system had taken
	Err      error
}

// Error returns the numbers.
func (e *AbandonedError) Error() string {
	s := fmt.Sprintf("brokerless: left the mesh with %d requests and %d messages abandoned", e.Requests, e.Messages)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *AbandonedError) Unwrap() error { return e.Err }
