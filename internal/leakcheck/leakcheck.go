// Package leakcheck finds what a test left behind: goroutines that still run
// and descriptors that are still open.
//
// Every goroutine of this module belongs to something with a Close method and
// ends before Close returns. Each package holds itself to that with
//
//	func TestMain(m *testing.M) { leakcheck.Main(m) }
package leakcheck

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines may take to end after the tests did. It only
// has to outlast a busy machine: whatever ends by itself ends at once, and a
// leak never does.
const patience = 5 * time.Second

// Main runs the tests and ends the process with their exit code. If they
// passed but goroutines they started are still there after 5 s, Main prints the
// stacks of those to standard error and ends the process with code 1.
//
// Goroutines of failed tests are not reported: a test that stopped half-way
// closed nothing, and its own message is the one to read. Goroutines older than
// the call, and those of package testing, its profiles and os/signal are
// ignored.
func Main(m *testing.M) { os.Exit(run(m, patience)) }

// run is Main with a patience of its own; it returns the exit code.
func run(m *testing.M, patience time.Duration) int {
	before := goroutines()
	if code := m.Run(); code != 0 {
		return code
	}
	stacks := leaked(before, patience)
	if len(stacks) == 0 {
		return 0
	}
	fmt.Fprintln(os.Stderr, report(stacks))
	return 1
}

// Check fails t, when it is over, if goroutines that were started since the
// call have not ended 5 s later; the failure shows their stacks.
//
// Call it first: cleanups run last in, first out, so that everything the test
// closes in a cleanup of its own is closed by then. A test that runs in parallel
// with others must not call it, for theirs would be taken for its own. In a
// [testing/synctest] bubble the 5 s are those of the bubble's clock.
func Check(t testing.TB) {
	t.Helper()
	check(t, patience)
}

// check is Check with a patience of its own.
func check(t testing.TB, patience time.Duration) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		t.Helper()
		if stacks := leaked(before, patience); len(stacks) > 0 {
			t.Error(report(stacks))
		}
	})
}

// report tells what the goroutines with these stacks did.
func report(stacks []string) string {
	return fmt.Sprintf("leakcheck: goroutines that outlived the tests that started them: %d\n\n%s", len(stacks), strings.Join(stacks, "\n\n"))
}
