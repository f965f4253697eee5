package mesh

import (
	"fmt"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// EventKind is a kind of Event.
type EventKind uint8

// What a watcher is told of.
const (
	Changed   EventKind = iota + 1 // a peer has come into another state
	Updated                        // what a peer tells of itself has changed
	Synced                         // once: all that were there when the watch began have been told of
	Warning                        // something is wrong, as Err says
	NotLinked                      // somebody who was found, or came, is no peer, as Err says
)

var eventNames = [...]string{Changed: "changed", Updated: "updated", Synced: "synced", Warning: "warning", NotLinked: "not linked"}

// String returns the kind in one word.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Event is a change of who is in the mesh. It is a value of its own, to keep
// and change.
type Event struct {
	Kind   EventKind
	Time   time.Time
	Peer   Peer   // of a Warning or NotLinked, only if it is known which one
	Reason Reason // why it is Gone
	Err    error  // what a Warning is about, why it is NotLinked; the cause of Suspect and Gone, where there is one
}

// String returns the event as a log line.
func (e Event) String() string {
	s := e.Kind.String()
	if e.Peer.ID != (discovery.ID{}) {
		s = e.Peer.ID.String()[:8]
		if e.Peer.Name != "" {
			s += fmt.Sprintf(" %q", e.Peer.Name)
		}
		if e.Kind == Changed {
			s += " " + e.Peer.State.String()
		} else {
			s += " " + e.Kind.String()
		}
	}
	if e.Reason != 0 {
		s += ", " + e.Reason.String()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}
