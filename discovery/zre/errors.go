package zre

import "errors"

// The errors to test for with errors.Is.
var (
	// ErrClosed says that the node has left.
	ErrClosed = errors.New("brokerless: node closed")
	// ErrOption says that an option has a value that makes no sense.
	ErrOption = errors.New("brokerless: bad ZRE option")
	// ErrName says that the name of a group is empty or has more than 255 octets.
	ErrName = errors.New("brokerless: bad name")
	// ErrUnknownPeer says that no peer with this id is there, or not any more.
	ErrUnknownPeer = errors.New("brokerless: unknown peer")
	// ErrNoInterface says that no link of the host leads to others by IPv4
	// broadcast. The error names each interface and why it does not.
	ErrNoInterface = errors.New("brokerless: no interface for beacons")
	// ErrTooLarge says that a message is larger than WithMaxMessage allows, or that
	// the groups are too many for a HELLO.
	ErrTooLarge = errors.New("brokerless: too large")
)
