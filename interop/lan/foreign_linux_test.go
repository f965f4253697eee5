package lan

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// A foreign is a program that nobody here wrote, or a script around one, on a
// host. What it prints are records.
type foreign struct {
	journal journal
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	ended   chan struct{}
}

// foreign starts a program. Parse makes a record of a line, or returns false. It
// is killed when the test ends.
func (h *host) foreign(t testing.TB, parse func(line string) (Record, bool), cmd *exec.Cmd) *foreign {
	t.Helper()
	f := &foreign{cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	f.stdin = stdin
	go func() {
		defer close(f.ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if r, ok := parse(lines.Text()); ok {
				f.journal.add(r)
			}
		}
		_ = cmd.Wait() // how it ended is nobody's error
	}()
	t.Cleanup(func() { f.kill(t) })
	return f
}

// kill ends the program at once.
func (f *foreign) kill(t testing.TB) {
	t.Helper()
	_ = f.cmd.Process.Kill() // fails only if it has ended
	<-f.ended
}

func (f *foreign) await(t testing.TB, q Query) Record {
	t.Helper()
	r, err := f.journal.await(q)
	must(t, err)
	return r
}

// tell writes a command as a line of JSON.
func (f *foreign) tell(t testing.TB, command any) {
	t.Helper()
	line, err := json.Marshal(command)
	must(t, err)
	_, err = f.stdin.Write(append(line, '\n'))
	must(t, err)
}

// parseJSON is for programs that print records as JSON.
func parseJSON(line string) (r Record, ok bool) {
	return r, json.Unmarshal([]byte(line), &r) == nil && strings.TrimSpace(line) != ""
}
