package mesh

// maxHistory is how many changes are remembered.
const maxHistory = 256

// history has the newest changes, oldest first once all.
type history struct {
	ring [maxHistory]Event
	next int
	full bool
}

func (h *history) add(e Event) {
	h.ring[h.next] = e
	h.next++
	if h.next == maxHistory {
		h.next, h.full = 0, true
	}
}

// all returns a copy, oldest first.
func (h *history) all() []Event {
	var all []Event
	if h.full {
		all = append(all, h.ring[h.next:]...)
	}
	return append(all, h.ring[:h.next]...)
}

// History returns the last 256 changes of presence and warnings, oldest first:
// each one that there was, where a slow watcher is told only what still
// matters. The peers in it are without metadata, groups and services.
func (n *Node) History() []Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.audience.history.all()
}
