package ipc

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// foreign listens on path as another library would: without a lock file.
func foreign(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix(network, &net.UnixAddr{Name: path, Net: network})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	t.Cleanup(func() { l.Close() })
	return l
}

// leaveDead leaves the socket file of an owner that is gone.
func leaveDead(t *testing.T, path string) {
	t.Helper()
	if err := foreign(t, path).Close(); err != nil {
		t.Fatal(err)
	}
}

// EP-23, differently from libzmq: a dead owner's file is replaced, a living one's is not.
func TestEP23DeadOwner(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	leaveDead(t, path)
	if err := os.WriteFile(path+".lock", nil, 0o600); err != nil { // as a killed owner leaves it
		t.Fatal(err)
	}
	l := listen(t, path)
	answers(t, l)
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if exists(t, path) || exists(t, path+".lock") {
		t.Error("files are left after Close")
	}
}

func TestEP23LivingOwner(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		l := listen(t, filepath.Join(shortDir(t), "s"))
		refusedInUse(t, l)
	})
	t.Run("ours, lock file gone", func(t *testing.T) {
		l := listen(t, filepath.Join(shortDir(t), "s"))
		if err := os.Remove(l.Addr().String() + ".lock"); err != nil {
			t.Fatal(err)
		}
		refusedInUse(t, l)
	})
	t.Run("ours, socket file gone", func(t *testing.T) {
		l := listen(t, filepath.Join(shortDir(t), "s"))
		if err := os.Remove(l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if _, err := New().Listen(t.Context(), l.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("Listen: %v, want EADDRINUSE", err)
		}
	})
	t.Run("foreign", func(t *testing.T) {
		refusedInUse(t, foreign(t, filepath.Join(shortDir(t), "s")))
	})
}

func refusedInUse(t *testing.T, l net.Listener) {
	t.Helper()
	for range 3 {
		if _, err := New().Listen(t.Context(), l.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("Listen: %v, want EADDRINUSE", err)
		}
	}
	answers(t, l)
}

// What is no socket is never removed, and stays as it was.
func TestEP23OtherFiles(t *testing.T) {
	tests := map[string]func(path string) error{
		"regular file": func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"empty file":   func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"directory":    func(path string) error { return os.Mkdir(path, 0o700) },
		"link to nothing": func(path string) error {
			return os.Symlink("nowhere", path)
		},
		"link to a dead socket": func(path string) error {
			l, err := net.ListenUnix(network, &net.UnixAddr{Name: path + "1", Net: network})
			if err != nil {
				return err
			}
			l.SetUnlinkOnClose(false)
			return errors.Join(l.Close(), os.Symlink(path+"1", path))
		},
		"link to a file": func(path string) error {
			return errors.Join(os.WriteFile(path+"1", []byte("precious"), 0o600), os.Symlink(path+"1", path))
		},
	}
	for name, place := range tests {
		t.Run(name, func(t *testing.T) {
			dir := shortDir(t)
			path := filepath.Join(dir, "s")
			if err := place(path); err != nil {
				t.Fatal(err)
			}
			before := describe(t, dir)
			if _, err := New().Listen(t.Context(), path); !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("Listen: %v, want EADDRINUSE", err)
			}
			if after := describe(t, dir); after != before {
				t.Errorf("Listen changed\n%s into\n%s", before, after)
			}
		})
	}
}

// describe lists what is in dir, with modes, sizes and times.
func describe(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		all += fs.FormatFileInfo(info) + "\n"
	}
	return all
}

// Of many that bind one path at once exactly one succeeds, and it is the one that answers.
func TestEP23Race(t *testing.T) {
	const rounds, binders = 50, 8
	for round := range rounds {
		path := filepath.Join(shortDir(t), "s")
		if round%2 == 0 {
			leaveDead(t, path)
		}
		winners := make(chan net.Listener, binders)
		var gate, done sync.WaitGroup
		gate.Add(1)
		for range binders {
			done.Go(func() {
				gate.Wait()
				l, err := New().Listen(t.Context(), path)
				switch {
				case err == nil:
					winners <- l
				case !errors.Is(err, syscall.EADDRINUSE):
					t.Errorf("Listen: %v, want EADDRINUSE", err)
				}
			})
		}
		gate.Done()
		done.Wait()
		close(winners)
		if len(winners) != 1 {
			t.Fatalf("round %d: %d of %d binds won, want 1", round, len(winners), binders)
		}
		l := <-winners
		answers(t, l)
		l.Close()
	}
}

// Binding and closing in turn, many at a time: whoever wins answers, however closes and binds overlap.
func TestEP23Turns(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	var owners sync.Mutex // held while somebody listens: a second owner is a failure
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for wins := 0; wins < 20; {
				l, err := New().Listen(t.Context(), path)
				if errors.Is(err, syscall.EADDRINUSE) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if !owners.TryLock() {
					t.Error("two listeners own the path")
					l.Close()
					return
				}
				if _, err := os.Lstat(path); err != nil {
					t.Errorf("the winner's file: %v", err)
				}
				wins++
				owners.Unlock()
				if err := l.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
		})
	}
	done.Wait()
}

// Close removes the file it made and no other.
func TestCloseRemovesOnlyItsOwn(t *testing.T) {
	tests := map[string]func(t *testing.T, path string){
		"another socket": func(t *testing.T, path string) { leaveDead(t, path) },
		"a file": func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, place := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), "s")
			l := listen(t, path)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			place(t, path)
			if err := l.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if !exists(t, path) {
				t.Error("Close removed what another put in its place")
			}
		})
	}
}

// childVariable holds the path that a copy of this test binary is to listen on.
const childVariable = "IPC_TEST_LISTEN"

// L-19: an owner killed without a chance to tidy up leaves a path that can be bound at once, and one that lives does
// not.
func TestKilledOwner(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(shortDir(t), "s")
	for range 3 {
		cmd := exec.CommandContext(t.Context(), executable, "-test.run=^TestChildListens$")
		cmd.Env = append(os.Environ(), childVariable+"="+path)
		input, err := cmd.StdinPipe() // never written: it only keeps the child until it is killed
		if err != nil {
			t.Fatal(err)
		}
		output, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "listening\n" {
			t.Fatalf("the child said %q, %v", line, err)
		}
		if _, err := New().Listen(t.Context(), path); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("Listen while another process does: %v, want EADDRINUSE", err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		input.Close()
		if !exists(t, path) {
			t.Error("the killed child left no file, so this test shows nothing")
		}
	}
	l := listen(t, path)
	answers(t, l)
}

// TestChildListens is the other half of TestKilledOwner.
func TestChildListens(t *testing.T) {
	path := os.Getenv(childVariable)
	if path == "" {
		t.Skip("runs only as a child of TestKilledOwner")
	}
	listen(t, path)
	fmt.Println("listening")
	bufio.NewReader(os.Stdin).ReadString('\n')
}
