package transporttest

import (
	"runtime"
	"testing"
	"time"
)

// outcome is what a call in another goroutine returned.
type outcome[T any] struct {
	value T
	err   error
}

// start calls f in a goroutine of its own.
func start[T any](f func() (T, error)) <-chan outcome[T] {
	done := make(chan outcome[T], 1)
	go func() {
		value, err := f()
		done <- outcome[T]{value, err}
	}()
	return done
}

// await returns what a started call returned, and fails the test when that takes too long.
func await[T any](s *suite, t *testing.T, what string, done <-chan outcome[T]) (T, error) {
	t.Helper()
	timer := time.NewTimer(s.Patience)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.value, o.err
	case <-timer.C:
		t.Fatalf("%s did not return within %v", what, s.Patience)
		panic("unreachable")
	}
}

// testNoGoroutineLeft waits until there are no more goroutines than before the run. Those that were told to end may need
// a moment, which nothing announces, so it looks again and again.
func (s *suite) testNoGoroutineLeft(t *testing.T, before int) {
	before++ // this subtest's own
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(s.Patience); runtime.NumGoroutine() > before; <-ticker.C {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before the run:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
