package interop

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// met is the peers that the run has met, for the line at its end.
var met struct {
	sync.Mutex
	names map[string]bool
}

// meet notes a peer, by its name and version.
func meet(t *testing.T, name string) {
	t.Log("peer: " + name)
	met.Lock()
	defer met.Unlock()
	if met.names == nil {
		met.names = make(map[string]bool)
	}
	met.names[name] = true
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if len(met.names) > 0 {
		fmt.Println("interop: met " + strings.Join(slices.Sorted(maps.Keys(met.names)), ", "))
	}
	if code == 0 && required() && wholeRun() {
		if err := settleTable(updating()); err != nil {
			fmt.Println("FAIL:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// required reports whether a missing peer is a failure, and whether tests that
// get better by lasting take their time.
func required() bool { return os.Getenv("BROKERLESS_INTEROP") == "require" || updating() }

// updating reports whether the run writes the table in README.md.
func updating() bool { return os.Getenv("BROKERLESS_INTEROP") == "update" }

// zmq4Version returns the version of go-zeromq/zmq4 that go.mod asks for. The
// build information of a test does not have it.
func zmq4Version(t *testing.T) string {
	t.Helper()
	const path = "github.com/go-zeromq/zmq4"
	text, err := os.ReadFile("../go.mod")
	must(t, err)
	_, rest, found := strings.Cut(string(text), path+" ")
	if !found {
		t.Fatalf("go.mod does not ask for %s", path)
	}
	version, _, _ := strings.Cut(rest, "\n")
	return path + " " + version
}
