package ipc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// listener owns the socket file it listens on.
type listener struct {
	*net.UnixListener
	path string      // absolute, for the working directory may change
	file fs.FileInfo // the socket file as bound, to tell it from a later one
	tidy func()      // gives back what was taken along with the path

	once sync.Once
	err  error
}

// Close stops the listener and removes its file. It does not block. A second call returns what the first did.
func (l *listener) Close() error {
	l.once.Do(func() {
		// First the file, then the socket: while the socket is open its inode cannot be given to another file, so the
		// comparison cannot be fooled, and no dialler meets a file that nobody listens on.
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(l.file, now) {
			l.err = os.Remove(l.path)
		}
		l.err = errors.Join(l.UnixListener.Close(), l.err)
		l.tidy()
	})
	return l.err
}

// listenTemporary binds a socket in a new directory that only this user can enter (EP-21).
func (t *Transport) listenTemporary(ctx context.Context) (net.Listener, error) {
	dir, err := os.MkdirTemp("", "brokerless-")
	if err != nil {
		return nil, listenError(wildcard, err)
	}
	removeDir := func() { _ = os.Remove(dir) } // which fails, as it should, when somebody else put a file there
	path := filepath.Join(dir, "socket")
	if err = checkListen(path); err == nil {
		var l *listener
		if l, err = t.listenPath(ctx, path); err == nil {
			release := l.tidy
			l.tidy = func() { release(); removeDir() }
			return l, nil
		}
	}
	removeDir()
	return nil, listenError(wildcard, err)
}

// listenPath binds a path under the protection of its lock file, which the listener keeps.
func (t *Transport) listenPath(ctx context.Context, address string) (*listener, error) {
	path, err := filepath.Abs(address)
	if err != nil {
		return nil, err
	}
	held, err := acquire(ctx, path+".lock")
	if err != nil {
		return nil, err
	}
	l, err := t.bind(ctx, address, path)
	if err != nil {
		held.release()
		return nil, err
	}
	l.tidy = held.release
	return l, nil
}

// bind makes room for the socket file, creates it and listens on it. The caller holds the lock.
func (t *Transport) bind(ctx context.Context, address, path string) (*listener, error) {
	if err := clearDead(ctx, address); err != nil {
		return nil, err
	}
	socket, err := listenUnix(address, t.mode)
	if err != nil {
		return nil, err
	}
	file, err := os.Lstat(path)
	if err != nil {
		socket.Close()
		return nil, err
	}
	return &listener{UnixListener: socket, path: path, file: file}, nil
}

// clearDead removes the socket file that a dead owner left at address, and returns an error that matches
// syscall.EADDRINUSE when something else is there. The caller holds the lock, so no listener of this package lives
// there; but one of another library may, and only an answer tells. Not even an answer tells a full backlog from a dead
// owner on the BSDs, nor does anything guard against a stranger who changes the path between two of our steps.
func clearDead(ctx context.Context, address string) error {
	info, err := os.Lstat(address)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("there is something that is no socket (%v): %w", info.Mode(), syscall.EADDRINUSE)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("another listener answers there: %w", syscall.EADDRINUSE)
	case refused(err):
		return os.Remove(address)
	case errors.Is(err, fs.ErrNotExist): // its owner removed it in this moment
		return nil
	default:
		return fmt.Errorf("cannot tell whether the owner is dead (%w): %w", err, syscall.EADDRINUSE)
	}
}
