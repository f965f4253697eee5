package mesh

import "github.com/brokerless/brokerless/socket"

// counters count what is otherwise silent. They are guarded by the node's lock.
type counters struct {
	Dropped    uint64 // messages for which the inbox had no room
	Ignored    uint64 // messages of peers that are not in the mesh, or that made no sense
	Malformed  uint64 // messages whose header could not be read
	Overflowed uint64 // answers to, and news for, a peer that does not take what it is sent
}

// Stats is what a node has done so far.
type Stats struct {
	Links   int // connected peers, in the mesh or not
	Up      int // peers that are Up
	Calls   int // requests of ours that wait for an answer
	Serving int // requests of peers that are executed or wait for it

	Dropped    uint64 // messages that were dropped because nobody called Recv
	Ignored    uint64 // messages of strangers, of those refused, and those out of place
	Malformed  uint64 // messages that could not be read
	Overflowed uint64 // answers and news for peers that did not take what they were sent

	Socket socket.Stats // of the ROUTER that all links are on
}

// Stats returns what the node has done so far.
func (n *Node) Stats() Stats {
	s := n.router.Stats()
	n.mu.Lock()
	defer n.mu.Unlock()
	return Stats{
		Links:      s.Peers,
		Up:         n.roster.up(),
		Calls:      len(n.pending),
		Serving:    len(n.jobs),
		Dropped:    n.stats.Dropped,
		Ignored:    n.stats.Ignored,
		Malformed:  n.stats.Malformed,
		Overflowed: n.stats.Overflowed,
		Socket:     s,
	}
}
