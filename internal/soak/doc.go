// Package soak has one test, which works all patterns for as long as it is told:
//
//	BROKERLESS_SOAK=30m go test -race -run Soak -timeout 45m ./internal/soak
//
// or make soak. Without BROKERLESS_SOAK it takes a second, as part of all tests.
//
// Sockets of every type exchange numbered messages over tcp, ipc and inproc
// while peers come and go; others do so over connections that reset, delay and
// end, to servers that restart. A ledger holds what is received against what
// was sent, the figures of all sockets are looked at all the time, and at the
// end goroutines, descriptors and memory have to be what they were.
package soak
