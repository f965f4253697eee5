//go:build unix

package ipc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// The file has its mode before anybody can connect: there is no moment in which the mode is wider and somebody listens.
func TestModeComesBeforeListen(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	socket, err := bindUnix(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("mode %v, %v; want a socket with 0600", info.Mode(), err)
	}
	if _, err := New().Dial(t.Context(), path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial before listen: %v, want ECONNREFUSED", err)
	}
}
