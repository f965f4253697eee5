package leakcheck

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// descriptors is where Linux lists the open descriptors of the process.
const descriptors = "/proc/self/fd"

// Descriptors returns how many descriptors the process has open, to be compared
// before and after. Where the system does not list them in /proc/self/fd, as
// only Linux does, it skips the test.
//
// The runtime opens the descriptors of its network poller when it first needs
// them and keeps them; Descriptors makes it do so before it counts, so that they
// are in the first count as in all others.
func Descriptors(t testing.TB) int {
	t.Helper()
	startPoller(t)
	dir, err := os.Open(descriptors)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("leakcheck: %s does not exist, so descriptors cannot be counted", descriptors)
	}
	if err != nil {
		t.Fatalf("leakcheck: open the list of descriptors: %v", err)
	}
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		t.Fatalf("leakcheck: read the list of descriptors: %v", err)
	}
	return len(names) - 1 // Without the one that reads the list.
}

// startPoller makes the runtime open its network poller, by way of a pipe.
func startPoller(t testing.TB) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatalf("leakcheck: open a pipe: %v", err)
	}
	if err := errors.Join(r.Close(), w.Close()); err != nil {
		t.Fatalf("leakcheck: close a pipe: %v", err)
	}
}
