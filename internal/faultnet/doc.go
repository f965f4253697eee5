// Package faultnet is a network for tests, which fails as it is told.
//
// A [Network] is a transport within the process: its connections delay, cut
// into single octets, slow down, fall silent, end or reset at an octet that is
// known beforehand, all drawn from a seed. They wait on nothing but locks,
// timers and each other, so that they work under testing/synctest, where a
// delay costs no time. A [Relay] stands between a client and a server on real
// TCP, and resets what goes through it.
//
// What a Write of a Network's connection has taken is known exactly, and so is
// what a reader can still get: that is what a ledger of messages is held against.
package faultnet
