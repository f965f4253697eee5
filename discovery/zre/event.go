package zre

import (
	"fmt"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// EventKind is a kind of Event.
type EventKind uint8

// What a node is told of, with the names that Zyre has for it.
const (
	Entered   EventKind = iota + 1 // ENTER: a peer is there
	Exited                         // EXIT: it is gone, for a Reason
	Joined                         // JOIN: it is in a Group
	Left                           // LEAVE: it is not in the Group any more; not told of one that Exited
	Whispered                      // WHISPER: it has sent Frames to this node
	Shouted                        // SHOUT: it has sent Frames to a Group that this node is in
)

var eventNames = [...]string{
	Entered: "entered", Exited: "exited", Joined: "joined", Left: "left", Whispered: "whispered", Shouted: "shouted",
}

// String returns the kind in one word.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Reason is why a peer Exited.
type Reason uint8

// Why a peer is gone.
const (
	Goodbye       Reason = iota + 1 // it said that it leaves
	Silent                          // neither beacons nor messages of it came for too long
	Restarted                       // it began anew, under the same id; it enters again
	Replaced                        // another node is where it was, as when it was killed and started again
	OutOfSequence                   // messages of it were lost
	Malformed                       // it sent what is no message of ZRE
	TooMuch                         // it is in more groups than WithMaxGroups allows
	Unresponsive                    // it took none of the messages that wait for it for too long
)

var reasonNames = [...]string{
	Goodbye: "goodbye", Silent: "silent", Restarted: "restarted", Replaced: "replaced", OutOfSequence: "out of sequence",
	Malformed: "malformed", TooMuch: "too much", Unresponsive: "unresponsive",
}

// String returns the reason in a word or two.
func (r Reason) String() string {
	if int(r) < len(reasonNames) && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Event is something that a peer did. It is the receiver's to keep and change.
type Event struct {
	Kind    EventKind
	Time    time.Time
	ID      discovery.ID      // the UUID of the peer
	Name    string            // of the peer, as it says
	Headers map[string]string // of the peer, when it Entered
	Group   string            // of Joined, Left, Shouted
	Frames  socket.Message    // of Whispered, Shouted: the content
	Reason  Reason            // of Exited
}

// String returns the event as a log line.
func (e Event) String() string {
	s := fmt.Sprintf("%s %q %v", e.ID.String()[:8], e.Name, e.Kind)
	if e.Group != "" {
		s += fmt.Sprintf(" %q", e.Group)
	}
	if e.Reason != 0 {
		s += ", " + e.Reason.String()
	}
	if e.Frames != nil {
		s += ": " + e.Frames.String()
	}
	return s
}
