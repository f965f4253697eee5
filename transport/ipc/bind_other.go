//go:build !unix

package ipc

import (
	"errors"
	"io/fs"
	"net"
	"syscall"
)

// maxPath is the longest path in octets that a socket address holds beside the final NUL, on Windows as on Linux.
const maxPath = 107

// wsaConnectionRefused is Winsock's number (WSAECONNREFUSED), which package syscall does not know as ECONNREFUSED.
const wsaConnectionRefused = syscall.Errno(10061)

// listenUnix creates the socket file at path and listens on it. There are no mode bits on this system.
func listenUnix(path string, _ fs.FileMode) (*net.UnixListener, error) {
	l, err := net.ListenUnix(network, &net.UnixAddr{Name: path, Net: network})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // the file is removed only if it is still ours
	return l, nil
}

// refused reports whether nobody listens on the socket file that was dialled.
func refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaConnectionRefused)
}
