package lan

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/leakcheck"
)

// patience is how long anything may take that ought to happen soon. The machine
// may be busy; no test measures time, the benchmarks do.
const patience = 30 * time.Second

// guestEnv is set in the processes that the tests start on their hosts. They are
// this test binary too.
const guestEnv = "BROKERLESS_LAN_GUEST"

func TestMain(m *testing.M) {
	if os.Getenv(guestEnv) != "" {
		serveGuest(os.Stdin, os.Stdout)
		os.Exit(0)
	}
	sweep()
	// The tests wait most of the time: more of them may run at once than there are
	// processors. The command line has the last word.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	leakcheck.Main(m)
}

// required reports whether what a test needs has to be there.
func required() bool { return os.Getenv("BROKERLESS_INTEROP") == "require" }

// missing skips the test for what is not there, or fails it if that was asked
// for.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if required() {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
