package leakcheck

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// leave names the environment variable that makes TestLeaves leave something.
const leave = "BROKERLESS_LEAKCHECK_LEAVE"

func TestMain(m *testing.M) {
	if os.Getenv(leave) == "goroutine" {
		os.Exit(run(m, 10*time.Millisecond)) // It stays, however long one waits.
	}
	Main(m)
}

// TestLeaves does nothing by itself. TestMainExitCode runs it, alone, in a
// process of its own.
func TestLeaves(t *testing.T) {
	switch os.Getenv(leave) {
	case "goroutine":
		forget(make(chan struct{}))
	case "goroutine and failure":
		forget(make(chan struct{}))
		t.Error("failed on purpose")
	case "ending goroutine":
		stop := make(chan struct{})
		forget(stop)
		close(stop) // Main may meet it on its way out.
	}
}

func TestMainExitCode(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		leaves   string
		code     int
		reported bool
	}{
		{"nothing", 0, false},
		{"ending goroutine", 0, false},
		{"goroutine", 1, true},
		{"goroutine and failure", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.leaves, func(t *testing.T) {
			cmd := exec.Command(self, "-test.run=^TestLeaves$", "-test.count=1")
			cmd.Env = append(os.Environ(), leave+"="+tt.leaves)
			out, err := cmd.CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d; it printed:\n%s", code, tt.code, out)
			}
			if got := strings.Contains(string(out), "leakcheck.forgotten("); got != tt.reported {
				t.Errorf("stack of the leak printed: %t, want %t; it printed:\n%s", got, tt.reported, out)
			}
		})
	}
}
