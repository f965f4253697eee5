package ipc

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/transport"
)

func requireAbstract(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("abstract names exist on Linux only")
	}
}

func listen(t *testing.T, address string, opts ...Option) net.Listener {
	t.Helper()
	l, err := New(opts...).Listen(t.Context(), address)
	if err != nil {
		t.Fatalf("Listen(%q): %v", address, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// answers checks that a connection to l's address comes out at l.
func answers(t *testing.T, l net.Listener) {
	t.Helper()
	dialed, err := New().Dial(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatalf("Dial(%q): %v", l.Addr(), err)
	}
	defer dialed.Close()
	if _, err := dialed.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for { // a probe of a refused Listen may stand in the queue before it
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		n, _ := conn.Read(make([]byte, 1))
		conn.Close()
		if n == 1 {
			return
		}
	}
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestEP20Path(t *testing.T) {
	t.Run("relative", func(t *testing.T) {
		first := shortDir(t)
		t.Chdir(first)
		l := listen(t, "feed")
		if got := l.Addr().String(); got != "feed" {
			t.Errorf("Addr() = %q, want the path as it was given", got)
		}
		answers(t, l)
		t.Chdir(shortDir(t)) // Close must still find its own file, and no other
		if err := os.WriteFile("feed", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if path := filepath.Join(first, "feed"); exists(t, path) || exists(t, path+".lock") || !exists(t, "feed") {
			t.Error("Close followed the working directory")
		}
	})
	t.Run("longest", func(t *testing.T) {
		dir := shortDir(t)
		path := filepath.Join(dir, strings.Repeat("x", maxPath-len(dir)-1))
		answers(t, listen(t, path))
		_, err := New().Listen(t.Context(), path+"x")
		var bad *transport.EndpointError
		if !errors.As(err, &bad) {
			t.Fatalf("Listen on %d octets: %v, want an *EndpointError", maxPath+1, err)
		}
		if want := fmt.Sprintf("path of %d octets, want at most %d", maxPath+1, maxPath); bad.Reason != want {
			t.Errorf("reason %q, want %q", bad.Reason, want)
		}
	})
	t.Run("107 octets on Linux", func(t *testing.T) {
		if runtime.GOOS == "linux" && maxPath != 107 {
			t.Errorf("maxPath = %d, want 107", maxPath)
		}
	})
	t.Run("missing directory", func(t *testing.T) {
		_, err := New().Listen(t.Context(), filepath.Join(shortDir(t), "gone", "feed"))
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Listen: %v, want fs.ErrNotExist", err)
		}
	})
}

func TestEP21Wildcard(t *testing.T) {
	t.Run("made and removed", func(t *testing.T) {
		t.Setenv("TMPDIR", shortDir(t))
		l := listen(t, wildcard)
		path := l.Addr().String()
		dir, err := os.Lstat(filepath.Dir(path))
		if err != nil || (runtime.GOOS != "windows" && dir.Mode() != fs.ModeDir|0o700) {
			t.Errorf("directory %v, %v; want mode 0700", dir.Mode(), err)
		}
		answers(t, l)
		if other := listen(t, wildcard).Addr().String(); other == path {
			t.Errorf("two wildcards gave the same path %q", path)
		}
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if exists(t, filepath.Dir(path)) {
			t.Error("the directory is still there after Close")
		}
	})
	t.Run("taken", func(t *testing.T) {
		refusedInUse(t, listen(t, wildcard))
	})
	t.Run("temporary directory too deep", func(t *testing.T) {
		deep := filepath.Join(shortDir(t), strings.Repeat("x", maxPath))
		if err := os.Mkdir(deep, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", deep)
		_, err := New().Listen(t.Context(), wildcard)
		var bad *transport.EndpointError
		if !errors.As(err, &bad) {
			t.Errorf("Listen: %v, want an *EndpointError", err)
		}
		if left, err := os.ReadDir(deep); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

func TestEP22Abstract(t *testing.T) {
	requireAbstract(t)
	t.Chdir(shortDir(t))
	name := fmt.Sprintf("@brokerless ep22 %d", os.Getpid())
	l := listen(t, name)
	if got := l.Addr().String(); got != name {
		t.Errorf("Addr() = %q, want %q", got, name)
	}
	answers(t, l)
	if _, err := New().Listen(t.Context(), name); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second Listen: %v, want EADDRINUSE", err)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		t.Errorf("an abstract name made files: %v, %v", left, err)
	}
	for _, bad := range []string{"@", "@" + strings.Repeat("x", maxPath)} {
		if err := New().CheckListen(bad); err == nil {
			t.Errorf("CheckListen(%.20q) = nil", bad)
		}
	}
}

func TestWithMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits on Windows")
	}
	tests := []struct {
		name string
		opts []Option
		want fs.FileMode
	}{
		{"default", nil, 0o600},
		{"group", []Option{WithMode(0o660)}, 0o660},
		{"wider than the umask", []Option{WithMode(0o777)}, 0o777},
		{"nobody", []Option{WithMode(0)}, 0},
		{"permission bits only", []Option{WithMode(fs.ModeSetuid | fs.ModeDir | 0o640)}, 0o640},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), "s")
			l := listen(t, path, tt.opts...)
			if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|tt.want {
				t.Errorf("mode %v, %v; want %v", info.Mode(), err, fs.ModeSocket|tt.want)
			}
			l.Close()
		})
	}
}

// A Listen that fails gives back everything it took.
func TestFailedListenLeavesNothing(t *testing.T) {
	dir := shortDir(t)
	taken := filepath.Join(dir, "taken")
	if err := os.Mkdir(taken, 0o700); err != nil {
		t.Fatal(err)
	}
	before := leakcheck.Descriptors(t)
	for range 10 {
		if _, err := New().Listen(t.Context(), taken); err == nil {
			t.Fatal("Listen on a directory succeeded")
		}
	}
	if after := leakcheck.Descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDialErrors(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	if _, err := New().Dial(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Dial without a file: %v, want fs.ErrNotExist", err)
	}
	leaveDead(t, path)
	if _, err := New().Dial(t.Context(), path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial to a dead file: %v, want ECONNREFUSED", err)
	}
}
