package gossip

import (
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/backoff"
)

// How long, and how many of them, nodes are remembered that are no members.
const (
	rememberLost     = time.Hour   // one that died, to be joined again
	rememberLeft     = time.Minute // one that said goodbye, so that late gossip does not bring it back
	rememberStranger = time.Minute // one whose list came before it

	maxNodes     = 8192 // members
	maxLost      = 64
	maxStrangers = 256
)

// A node is what is known of another node.
type node struct {
	id     discovery.ID
	peer   memberlist.Node // where it is reached, if it was ever a member
	member bool            // memberlist has it alive
	left   bool            // it said goodbye

	list   list   // the newest that is complete; of version 0 if none came
	newest uint64 // the highest version heard of
	parts  assembly
	shown  []discovery.ID // its instances in the catalog
	hidden int            // its instances that are not there, for want of room or as another's

	expires time.Time // when its instances go, unless a goodbye comes; zero if they stay
	forget  time.Time // when all of this goes, of one that is no member
	ask     time.Time // when to ask it for its list; zero if there is no need
	pause   backoff.Backoff
	wants   bool // it asked for our list
}

// newNode returns a node that has said nothing yet. It will be asked at a pace
// of patience, and ever slower.
func newNode(id discovery.ID, patience time.Duration) *node {
	return &node{id: id, pause: backoff.Backoff{Min: 2 * patience, Max: 60 * patience}}
}

// behind reports whether the member has said more than came here.
func (n *node) behind() bool {
	return n.member && !n.left && (n.list.version == 0 || n.list.version < n.newest)
}

// lost reports whether the node was a member and went without a goodbye.
func (n *node) lost() bool { return !n.member && !n.left && n.peer.Name != "" }

// visible reports whether the instances of the node belong in the catalog.
func (n *node) visible() bool {
	return !n.left && (n.member || !n.expires.IsZero())
}
