package leakcheck

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// forget starts a goroutine that ends when stop is closed, and returns once it
// runs: before that, its stack would not yet show what it is.
func forget(stop <-chan struct{}) {
	running := make(chan struct{})
	go forgotten(running, stop)
	<-running
}

// forgotten is what the goroutine runs; its name is looked for in reports.
func forgotten(running chan<- struct{}, stop <-chan struct{}) {
	close(running)
	<-stop
}

// recorder is a test that keeps what it is told instead of acting on it.
type recorder struct {
	testing.TB
	cleanups []func()
	failures []string
}

func (r *recorder) Helper()           {}
func (r *recorder) Cleanup(f func())  { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Error(args ...any) { r.failures = append(r.failures, fmt.Sprint(args...)) }

// end does what package testing does when a test is over.
func (r *recorder) end() {
	for _, cleanup := range slices.Backward(r.cleanups) {
		cleanup()
	}
}

func TestCheckReportsGoroutine(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	r := &recorder{TB: t}
	check(r, time.Millisecond)
	forget(stop)
	r.end()
	if len(r.failures) != 1 {
		t.Fatalf("%d failures, want 1: %q", len(r.failures), r.failures)
	}
	for _, want := range []string{"started them: 1\n", "leakcheck.forgotten(", "created by", "leakcheck.forget "} {
		if !strings.Contains(r.failures[0], want) {
			t.Errorf("the report does not contain %q:\n%s", want, r.failures[0])
		}
	}
}

func TestCheckAccepts(t *testing.T) {
	tests := []struct {
		name string
		run  func(t *testing.T, r *recorder)
	}{
		{"nothing started", func(*testing.T, *recorder) {}},
		{"goroutine that ended", func(*testing.T, *recorder) {
			done := make(chan struct{})
			go close(done)
			<-done
		}},
		{"goroutine that ends while the check waits", func(*testing.T, *recorder) {
			stop := make(chan struct{})
			forget(stop)
			time.AfterFunc(20*time.Millisecond, func() { close(stop) })
		}},
		{"goroutine stopped in a later cleanup", func(_ *testing.T, r *recorder) {
			stop := make(chan struct{})
			forget(stop)
			r.Cleanup(func() { close(stop) })
		}},
		{"goroutine of a test", func(t *testing.T, _ *recorder) {
			t.Run("subtest", func(t *testing.T) { t.Parallel() }) // It waits for its parent to end.
		}},
		{"goroutine that ends on a bubble's clock", func(t *testing.T, _ *recorder) {
			synctest.Test(t, func(t *testing.T) {
				Check(t)
				go func() { <-time.After(patience / 2) }()
			})
		}},
		{"loop of os/signal", func(*testing.T, *recorder) {
			c := make(chan os.Signal, 1)
			signal.Notify(c, os.Interrupt)
			signal.Stop(c)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{TB: t}
			Check(r)
			tt.run(t, r)
			r.end()
			if len(r.failures) != 0 {
				t.Errorf("reported:\n%s", strings.Join(r.failures, "\n"))
			}
		})
	}
}

func TestCheckIgnoresOlderGoroutines(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	forget(stop)
	r := &recorder{TB: t}
	check(r, 0)
	r.end()
	if len(r.failures) != 0 {
		t.Errorf("reported a goroutine older than the call: %q", r.failures)
	}
}

func TestDumpGrowsItsBuffer(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	const many = 1000 // Their stacks take several times 64 KiB.
	before := goroutines()
	for range many {
		forget(stop)
	}
	if got := len(started(before)); got != many {
		t.Errorf("found %d goroutines, want %d", got, many)
	}
}
