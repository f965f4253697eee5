//go:build !unix

package socket

import (
	"net"
	"syscall"
)

func newReadAttempt(syscall.RawConn) *attempt { return nil }

func newWriteAttempt(syscall.RawConn) *attempt { return nil }

func unread(net.Conn) bool { return false }
