package interop

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The table in README.md says what was tried with which peer. It is written by the
// tests themselves: each that passes notes its cell.

// columns are the peers of the table, by the names that the tests have for them.
var columns = []string{"libzmq", "zeromq.js", "JeroMQ", "zmq4"}

// transports is the order in which a cell names them.
var transports = []string{"tcp", "ipc", "udp", "ws"}

// A place is a cell of the table.
type place struct{ row, column string }

// noted is what the tests of this run have noted.
var noted struct {
	sync.Mutex
	shown    map[place]map[string]bool // the transports
	versions map[string]string         // of the columns
}

// shows notes, if the test passes, that a peer was met in a row of the table over a
// transport. The version is that of the peer as the head of the column has it.
func shows(t *testing.T, column, version, row, transport string) {
	t.Helper()
	if !slices.Contains(rows(), row) || !slices.Contains(columns, column) || !slices.Contains(transports, transport) {
		t.Fatalf("the table has no place for %s with %s over %s", row, column, transport)
	}
	t.Cleanup(func() {
		if t.Failed() || t.Skipped() {
			return
		}
		noted.Lock()
		defer noted.Unlock()
		if noted.shown == nil {
			noted.shown, noted.versions = make(map[place]map[string]bool), make(map[string]string)
		}
		p := place{row, column}
		if noted.shown[p] == nil {
			noted.shown[p] = make(map[string]bool)
		}
		noted.shown[p][transport] = true
		noted.versions[column] = version
	})
}

// shows is shows for a process.
func (p *process) shows(t *testing.T, row, transport string) {
	t.Helper()
	shows(t, p.name, p.Versions().Library, row, transport)
}

// cell returns what the table says at a place.
func cell(p place) (string, error) {
	var words []string
	for _, name := range transports {
		if noted.shown[p][name] {
			words = append(words, name)
		}
	}
	remark := remarks[p]
	switch {
	case len(words) == 0 && remark == "":
		return "", fmt.Errorf("nothing was shown of %s with %s, and there is no reason", p.row, p.column)
	case len(words) == 0:
		return "– " + remark, nil
	case remark != "":
		return strings.Join(words, ", ") + "; " + remark, nil
	}
	return strings.Join(words, ", "), nil
}

// table returns the whole of it.
func table() (string, error) {
	noted.Lock()
	defer noted.Unlock()
	var b strings.Builder
	var problems []error
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	head := []string{""}
	for _, c := range columns {
		head = append(head, noted.versions[c])
	}
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows() {
		cells := []string{r}
		for _, c := range columns {
			text, err := cell(place{r, c})
			problems = append(problems, err)
			cells = append(cells, text)
		}
		line(cells)
	}
	return b.String(), errors.Join(problems...)
}

// Where the table is in README.md.
const tableBegin, tableEnd = "<!-- The tests write this table: BROKERLESS_INTEROP=update go test ./interop -->\n", "<!-- The end of the table. -->\n"

// settleTable compares the table of README.md with what this run has shown, or
// writes it.
func settleTable(update bool) error {
	now, err := table()
	if err != nil {
		return err
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), tableBegin)
	was, after, ends := strings.Cut(rest, tableEnd)
	switch {
	case !begins || !ends:
		return errors.New("README.md has no place for the table")
	case was == now:
		return nil
	case update:
		return os.WriteFile("README.md", []byte(before+tableBegin+now+tableEnd+after), 0o644)
	}
	a, b := strings.Split(was, "\n"), strings.Split(now, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Errorf("the table in README.md says\n\t%s\nbut the tests have shown\n\t%s\nBROKERLESS_INTEROP=update go test ./interop writes it", a[i], b[i])
		}
	}
	return errors.New("the table in README.md has other lines than the tests have shown: BROKERLESS_INTEROP=update go test ./interop writes it")
}

// wholeRun reports whether all tests are run, so that the table can be compared.
func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}
