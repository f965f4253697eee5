package gossip

import "errors"

// What the errors of this package match.
var (
	// ErrKey is the Warning that a node was refused, or that this one was: one of
	// the two has another key, or none.
	ErrKey = errors.New("brokerless: gossip with another key")
	// ErrAlone is the Warning that none of the seeds answers. It is tried again.
	ErrAlone = errors.New("brokerless: no gossip seed answers")
	// ErrPath is the Warning that a node is reached by TCP but not by UDP, as behind
	// a firewall that lets only the one pass. Changes then take longer to be known.
	ErrPath = errors.New("brokerless: gossip passes by TCP only")
	// ErrAddress is the error of New when this host has no address that others
	// could use.
	ErrAddress = errors.New("brokerless: no address to gossip with")
)
