//go:build unix

package ipc

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// maxPath is the longest path in octets that a socket address holds beside the final NUL: 107 on Linux, 103 on macOS
// and the BSDs.
const maxPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// backlog is the length of the accept queue; every system cuts it to its own limit. It is ample because Linux does not
// let a dialler wait for a place in the queue, as it does with TCP, but turns it away.
const backlog = 4096

// listenUnix creates the socket file at path with exactly the given mode, and listens on it.
func listenUnix(path string, mode fs.FileMode) (_ *net.UnixListener, err error) {
	socket, err := bindUnix(path, mode)
	if err != nil {
		return nil, err
	}
	defer func() { _ = socket.Close() }() // net.FileListener makes its own descriptor
	defer func() {
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	if err := syscall.Listen(int(socket.Fd()), backlog); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	l, err := net.FileListener(socket)
	if err != nil {
		return nil, err
	}
	return l.(*net.UnixListener), nil
}

// bindUnix creates the socket file at path with exactly the given mode, and does not listen on it yet.
//
// The system calls are made here because package net gives no way between bind and listen. A socket file that is bound
// but not listened on refuses every connection, so a mode that is set between the two holds from the first moment that
// matters. The umask would serve too, but belongs to the whole process.
func bindUnix(path string, mode fs.FileMode) (*os.File, error) {
	syscall.ForkLock.RLock() // no child may start between the two calls, for it would inherit the socket
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	socket := os.NewFile(uintptr(fd), path)
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		_ = socket.Close()
		return nil, os.NewSyscallError("bind", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		_ = os.Remove(path)
		_ = socket.Close()
		return nil, err
	}
	return socket, nil
}

// refused reports whether nobody listens on the socket file that was dialled.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
