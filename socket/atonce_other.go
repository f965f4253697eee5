//go:build !unix

package socket

import "syscall"

func newReadAttempt(syscall.RawConn) *attempt { return nil }

func newWriteAttempt(syscall.RawConn) *attempt { return nil }
