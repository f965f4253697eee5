//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package ipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock is a held lock file. Its owner is alive: the kernel lets go of the lock when the process ends, however it ends.
type lock struct {
	file *os.File
}

// acquire creates the lock file at path if need be and locks it. It does not wait: a file that is locked already gives
// an error that matches syscall.EADDRINUSE.
func acquire(ctx context.Context, path string) (*lock, error) {
	for ctx.Err() == nil {
		// O_NOFOLLOW and O_NONBLOCK: what a stranger put at this name must neither lead us elsewhere nor hold us up.
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
		if err != nil {
			return nil, err
		}
		named, err := try(file)
		if err == nil && named {
			return &lock{file: file}, nil
		}
		_ = file.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, ctx.Err()
}

// try locks file, and reports whether it is still the file of that name. The last owner may have removed it after we
// opened it and before we locked it, and a lock on a file without a name keeps nobody out.
func try(file *os.File) (named bool, err error) {
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, fmt.Errorf("another listener holds %q: %w", file.Name(), syscall.EADDRINUSE)
	case errors.Is(err, syscall.EINTR):
		return false, nil
	case err != nil:
		return false, &os.PathError{Op: "flock", Path: file.Name(), Err: err}
	}
	ours, err := file.Stat()
	if err != nil {
		return false, err
	}
	if !ours.Mode().IsRegular() {
		return false, fmt.Errorf("%q is no regular file (%v), so it cannot be the lock file", file.Name(), ours.Mode())
	}
	now, err := os.Lstat(file.Name())
	return err == nil && os.SameFile(ours, now), nil
}

// release removes the lock file while it is still locked, then unlocks it. A file with anything in it was not made
// here and stays.
func (l *lock) release() {
	if info, err := l.file.Stat(); err == nil && info.Size() == 0 {
		_ = os.Remove(l.file.Name())
	}
	_ = l.file.Close()
}
