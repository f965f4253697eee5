//go:build !linux

package socket

import "net"

// unacked returns how many octets that were written to a TCP connection the
// peer's system has not yet acknowledged, and whether that can be told. Here it
// cannot.
func unacked(net.Conn) (octets int, known bool) { return 0, false }
