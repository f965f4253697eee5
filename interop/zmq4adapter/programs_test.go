package zmq4adapter_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const originalPath = "github.com/go-zeromq/zmq4"

// original returns the folder of the original in the module cache. A machine
// without it skips the test.
func original(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", originalPath)
	cmd.Env = append(os.Environ(), "GOPROXY=off")
	out, err := cmd.Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skipf("the module cache has no %s: %v (go mod download gets it)", originalPath, err)
	}
	return dir
}

// workshop builds the example programs of the original in a module of its own,
// which stands beside this one's checkout and asks nobody for anything.
type workshop struct{ dir, examples string }

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	w := &workshop{dir: t.TempDir(), examples: filepath.Join(original(t), "example")}
	root, err := filepath.Abs("../..")
	must(t, err)
	for name, edit := range map[string]func(string) string{
		"go.sum": func(s string) string { return s },
		"go.mod": func(s string) string {
			const ours = "github.com/brokerless/brokerless"
			s = strings.Replace(s, "module "+ours, "module programs", 1)
			return s + fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %[1]s => %s\n", ours, root)
		},
	} {
		text, err := os.ReadFile(filepath.Join(root, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(w.dir, name), []byte(edit(string(text))), 0o600))
	}
	return w
}

// build returns the executable of an example program. All that changes in it is
// the port, for tests that run at the same time; for ours, the import; and in
// rtdealer the C socket, which the original has under a build tag only, becomes
// its own.
func (w *workshop) build(t *testing.T, name string, ours bool, port int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.examples, name+".go"))
	if err != nil {
		t.Skipf("the module cache has no examples of %s: %v", originalPath, err)
	}
	fixed := map[string]string{"hw": "5555", "ps": "5563", "rr": "5559", "rt": "5671"}[name[:2]]
	s := strings.NewReplacer(":"+fixed+`"`, fmt.Sprintf(`:%d"`, port), "NewCRouter", "NewRouter", "CWithID", "WithID").Replace(string(text))
	if ours {
		before := s
		const here = `"github.com/brokerless/brokerless/interop/zmq4adapter"`
		s = strings.ReplaceAll(s, `zmq "`+originalPath+`"`, "zmq "+here)
		s = strings.ReplaceAll(s, "\t\""+originalPath+`"`, "\tzmq4 "+here)
		if s == before || strings.Contains(s, originalPath) {
			t.Fatalf("%s does not import %s in a way that is known here", name, originalPath)
		}
	}
	folder := filepath.Join(w.dir, fmt.Sprintf("%s-%d", name, port))
	must(t, os.MkdirAll(folder, 0o700))
	source, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "program")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	must(t, os.WriteFile(source, []byte(s), 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, source)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// process is a program that runs.
type process struct {
	cmd    *exec.Cmd
	out    lines
	cancel context.CancelFunc
}

// run starts a program, which ends with the test.
func run(t *testing.T, program string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &process{cmd: exec.CommandContext(ctx, program), cancel: cancel}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	must(t, p.cmd.Start())
	t.Cleanup(func() { p.stop(); t.Logf("%s:\n%s", filepath.Base(filepath.Dir(program)), p.out.String()) })
	return p
}

// stop kills a program that does not end by itself.
func (p *process) stop() {
	p.cancel()
	_ = p.cmd.Wait() // it was killed, or waited for before
}

// wait waits for a program to end by itself.
func (p *process) wait(t *testing.T) string {
	t.Helper()
	err := p.cmd.Wait()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, p.out.String())
	}
	must(t, err)
	return p.out.String()
}

// TestPrograms runs the example programs of the original: both ends on the
// adapter, and each end with the original at the other.
func TestPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("the programs take their time")
	}
	w := newWorkshop(t)
	clients := make(map[string]*process) // all run at once, for they mostly sleep
	for _, c := range []struct{ server, client string }{{"hwserver", "hwclient"}, {"rrworker", "rrclient"}, {"psenvpub", "psenvsub"}} {
		for _, ends := range []struct{ server, client bool }{{true, true}, {true, false}, {false, true}} {
			port := freePort(t)
			server, client := w.build(t, c.server, ends.server, port), w.build(t, c.client, ends.client, port)
			run(t, server)
			clients[fmt.Sprintf("%s=%s/%s=%s", c.server, party(ends.server), c.client, party(ends.client))] = run(t, client)
		}
	}
	alone := w.build(t, "rtdealer", true, freePort(t))
	t.Run("rtdealer", func(t *testing.T) {
		out := run(t, alone).wait(t)
		if n := strings.Count(out, " completed "); n != 10 || !strings.Contains(out, "fired everybody.") {
			t.Errorf("%d dealers have completed, want 10, and the end", n)
		}
	})
	for name, p := range clients {
		t.Run(name, func(t *testing.T) { p.check(t) })
	}
}

func party(ours bool) string {
	if ours {
		return "ours"
	}
	return "theirs"
}

// check looks at what a client prints.
func (p *process) check(t *testing.T) {
	t.Helper()
	name := filepath.Base(filepath.Dir(p.cmd.Path))
	if strings.HasPrefix(name, "psenvsub") { // it never ends
		eventually(t, "two messages", func() bool { return strings.Count(p.out.String(), "[B] We would like to see this") >= 2 })
		if strings.Contains(p.out.String(), "[A]") {
			t.Errorf("it shows what it has not subscribed to:\n%s", p.out.String())
		}
		return
	}
	want := `received  Msg{Frames:{"World"}}`
	if strings.HasPrefix(name, "rrclient") {
		want = "[World]"
	}
	if out := p.wait(t); strings.Count(out, want) != 10 {
		t.Errorf("%s shows %d replies, want 10", name, strings.Count(out, want))
	}
}
