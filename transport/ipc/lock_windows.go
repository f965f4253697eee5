package ipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

const (
	errorSharingViolation = syscall.Errno(32) // ERROR_SHARING_VIOLATION
	deleteOnClose         = 0x04000000        // FILE_FLAG_DELETE_ON_CLOSE
)

// lock is a file held open with no sharing: Windows closes it, and removes it, when the process ends.
type lock struct {
	handle syscall.Handle
}

// acquire creates the lock file at path. It does not wait: a file that is held already gives an error that matches
// syscall.EADDRINUSE. A file that is there and not held, which no listener leaves behind, is an error.
func acquire(_ context.Context, path string) (*lock, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_WRITE, 0, nil, syscall.CREATE_NEW, deleteOnClose, 0)
	switch {
	case errors.Is(err, errorSharingViolation), errors.Is(err, syscall.ERROR_FILE_EXISTS):
		return nil, fmt.Errorf("another listener holds %q: %w", path, syscall.EADDRINUSE)
	case err != nil:
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return &lock{handle: handle}, nil
}

// release closes the lock file, which removes it.
func (l *lock) release() { syscall.CloseHandle(l.handle) }
