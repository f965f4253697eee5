package discovery

import (
	"errors"
	"fmt"
	"net"
)

// A Kind is a kind of Event.
type Kind uint8

// What a watcher is told of.
const (
	Added   Kind = iota + 1 // an instance is there, or was there when the watch began
	Updated                 // what is said of an instance has changed
	Removed                 // an instance is announced no more; Err says why
	Synced                  // once: all that were known when the watch began have been told of
	Warning                 // something is wrong, as Err says; the watch goes on
)

var kindNames = [...]string{"", "added", "updated", "removed", "synced", "warning"}

// String returns the kind in one word.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k != 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// An Event is a change of what is known of the instances of a service.
type Event struct {
	Kind     Kind
	Instance Instance // as it is now, or, when Removed, as it was; of a Warning, only if it is about one
	Err      error    // why it was Removed: ErrLeft or ErrExpired; what a Warning is about
}

// String returns the event as a log line.
func (e Event) String() string {
	s := e.Kind.String()
	if e.Instance.ID != (ID{}) {
		s += fmt.Sprintf(" %s %s", e.Instance.Service, e.Instance.ID)
		if e.Instance.Name != "" {
			s += fmt.Sprintf(" %q", e.Instance.Name)
		}
		if e.Kind == Added || e.Kind == Updated {
			s += fmt.Sprintf(" at %v", e.Instance.Endpoints)
		}
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Why an instance was removed, and what the errors of this package match.
var (
	ErrLeft    = errors.New("brokerless: said goodbye")
	ErrExpired = errors.New("brokerless: not heard of any more")

	// ErrFull is the Warning that there are more instances than a catalog takes.
	ErrFull = errors.New("brokerless: too many instances")
	// ErrConflict is the Warning that two say they are the same instance.
	ErrConflict = errors.New("brokerless: two announcers of one instance")
	// ErrMalformed is the Warning that an announcement makes no sense.
	ErrMalformed = errors.New("brokerless: malformed announcement")
	// ErrClosed is the error of a watcher, an announcement or a backend that was closed.
	// It matches net.ErrClosed too.
	ErrClosed error = closedError{}
	// ErrUnsupported is the error of what a backend cannot do, as announcing is for one that only reads.
	ErrUnsupported = errors.New("brokerless: not supported by this backend")
)

type closedError struct{}

func (closedError) Error() string        { return "brokerless: discovery closed" }
func (closedError) Is(target error) bool { return target == net.ErrClosed }
