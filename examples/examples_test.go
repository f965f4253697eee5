// Package examples_test builds the programs in this folder and runs them as a
// reader would.
package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// deadline is generous: it is there to end a program that hangs.
const deadline = time.Minute

// programs is the folder of the compiled programs.
var programs string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "examples"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	if out, err := exec.Command("go", "build", "-o", programs+string(filepath.Separator), "./...").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// command returns the command that runs an example with these arguments.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return exec.CommandContext(ctx, filepath.Join(programs, name), args...)
}

// run runs a program to its end, and returns what it printed and its exit code.
func run(t *testing.T, program string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	var out, problems bytes.Buffer
	cmd := command(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && (ctx.Err() != nil || !errors.As(err, &exit)) {
		t.Fatalf("%s %v: %v\n%s%s", program, args, err, &out, &problems)
	}
	return out.String(), unexpected(problems.String()), cmd.ProcessState.ExitCode()
}

// unexpected returns what a program complained of, but for the warning that its
// port is open: most examples are about something else than security.
func unexpected(stderr string) string {
	var rest strings.Builder
	for line := range strings.Lines(stderr) {
		if !strings.Contains(line, "brokerless: bound without security") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

// succeed is run for a program that has to end with code 0 and without a word
// on standard error.
func succeed(t *testing.T, program string, args ...string) (stdout string) {
	t.Helper()
	stdout, stderr, code := run(t, program, args...)
	if code != 0 || stderr != "" {
		t.Fatalf("%s %v ended with code %d\n%s%s", program, args, code, stdout, stderr)
	}
	return stdout
}

// A part is a program that runs beside the test, until it ends, the test calls
// stop, or the test is over.
type part struct {
	stdin  io.WriteCloser
	lines  chan string   // what it prints
	ended  chan struct{} // closed when it has ended; then these are set:
	stderr bytes.Buffer
	code   int
	stop   context.CancelFunc // kills it
	signal func(os.Signal) error
}

func start(t *testing.T, program string, args ...string) *part {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	p := &part{lines: make(chan string, 1000), ended: make(chan struct{}), stop: cancel}
	cmd := command(ctx, program, args...)
	cmd.Stderr = &p.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.signal = cmd.Process.Signal
	go func() {
		defer close(p.ended)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
		_ = cmd.Wait() // the code says it all
		p.code = cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// end waits for the part to end.
func (p *part) end() (stderr string, code int) {
	<-p.ended
	return unexpected(p.stderr.String()), p.code
}

// expect reads the part's output up to the line that matches, and returns the
// match and its groups.
func (p *part) expect(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var seen []string
	for line := range p.lines {
		if m := re.FindStringSubmatch(line); m != nil {
			return m
		}
		seen = append(seen, line)
	}
	t.Fatalf("no line matches %s:\n%s", pattern, strings.Join(seen, "\n"))
	return nil
}

// wantLines checks that the output has a line for each pattern, in any order.
func wantLines(t *testing.T, output string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)^" + p + "$").MatchString(output) {
			t.Errorf("no line is %s in\n%s", p, output)
		}
	}
}
