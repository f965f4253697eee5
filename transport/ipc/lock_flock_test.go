//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ipc

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestLockExcludes(t *testing.T) {
	path := filepath.Join(shortDir(t), "s.lock")
	first, err := acquire(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := acquire(t.Context(), path); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second acquire: %v, want EADDRINUSE", err)
	}
	first.release()
	if exists(t, path) {
		t.Error("release left the lock file")
	}
	again, err := acquire(t.Context(), path)
	if err != nil {
		t.Fatalf("acquire after release: %v", err)
	}
	again.release()
}

// A file that lost its name between open and lock must not count: somebody else may hold the name's new file.
func TestLockNeedsTheName(t *testing.T) {
	path := filepath.Join(shortDir(t), "s.lock")
	for _, recreate := range []bool{false, true} {
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if recreate {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if named, err := try(file); named || err != nil {
			t.Errorf("recreated %t: try = %t, %v; want false", recreate, named, err)
		}
		file.Close()
	}
}

// What stands at the lock file's name and is not a lock file stays as it is.
func TestLockLeavesOthersAlone(t *testing.T) {
	t.Run("file with content", func(t *testing.T) {
		path := filepath.Join(shortDir(t), "s")
		if err := os.WriteFile(path+".lock", []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		l := listen(t, path)
		answers(t, l)
		l.Close()
		if got, err := os.ReadFile(path + ".lock"); err != nil || string(got) != "precious" {
			t.Errorf("the file holds %q, %v", got, err)
		}
	})
	t.Run("symbolic link", func(t *testing.T) {
		dir := shortDir(t)
		path := filepath.Join(dir, "s")
		if err := os.Symlink(filepath.Join(dir, "target"), path+".lock"); err != nil {
			t.Fatal(err)
		}
		if _, err := New().Listen(t.Context(), path); err == nil {
			t.Error("Listen followed a symbolic link")
		}
		if exists(t, filepath.Join(dir, "target")) || exists(t, path) {
			t.Error("Listen made files")
		}
	})
	t.Run("directory", func(t *testing.T) {
		path := filepath.Join(shortDir(t), "s")
		if err := os.Mkdir(path+".lock", 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := New().Listen(t.Context(), path); err == nil {
			t.Error("Listen took a directory for its lock file")
		}
		if !exists(t, path+".lock") {
			t.Error("Listen removed a directory")
		}
	})
	t.Run("named pipe", func(t *testing.T) {
		path := filepath.Join(shortDir(t), "s")
		if err := syscall.Mkfifo(path+".lock", 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New().Listen(t.Context(), path); err == nil {
			t.Error("Listen took a named pipe for its lock file")
		}
		if !exists(t, path+".lock") {
			t.Error("Listen removed a named pipe")
		}
	})
}
