package interop

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
)

// interpreter is the Python that Debian's packages belong to.
const interpreter = "/usr/bin/python3"

// needPython skips the test, or fails it if that was asked for, on a machine
// without what the Python programs of the examples import.
func needPython(t *testing.T) {
	t.Helper()
	out, err := exec.Command(interpreter, "-c", `
import msgpack, platform, zmq
print(f"libzmq {zmq.zmq_version()} (pyzmq {zmq.__version__}, Python {platform.python_version()})")
print("msgpack for Python", ".".join(map(str, msgpack.version)))`).Output()
	switch {
	case err == nil:
		for name := range strings.Lines(string(out)) {
			meet(t, strings.TrimSpace(name))
		}
	case required():
		t.Fatalf("%s: %v: apt-get install python3-zmq python3-msgpack", interpreter, err)
	default:
		t.Skip("libzmq or msgpack for Python is missing: apt-get install python3-zmq python3-msgpack")
	}
}

// example builds a program of examples/.
func example(t *testing.T, name string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", path, "../examples/"+name).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// A program runs beside the test until it ends, stop is called, or the test is
// over.
type program struct {
	lines  chan string // what it prints
	ended  chan error  // how it ended, once
	stderr bytes.Buffer
	stop   context.CancelFunc // kills it
}

func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cmd := exec.CommandContext(ctx, name, args...)
	p := &program{lines: make(chan string, 1000), ended: make(chan error, 1), stop: cancel}
	cmd.Stderr = &p.stderr
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	over := make(chan struct{})
	go func() {
		defer close(over)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
		p.ended <- cmd.Wait()
	}()
	t.Cleanup(func() {
		cancel()
		<-over
	})
	return p
}

// expect reads the output up to the line that matches, and returns its first
// group, if any.
func (p *program) expect(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var seen []string
	for line := range p.lines {
		if m := re.FindStringSubmatch(line); m != nil {
			return m[len(m)-1]
		}
		seen = append(seen, line)
	}
	t.Fatalf("no line matches %s:\n%s", pattern, strings.Join(seen, "\n"))
	return ""
}

// end waits for the end of a program that has to end well.
func (p *program) end(t *testing.T) {
	t.Helper()
	if err := <-p.ended; err != nil {
		t.Errorf("%v: %s", err, &p.stderr)
	}
}

// A shop in Python sends orders to a worker in Go, and reads what becomes of
// them.
func TestOrdersClient(t *testing.T) {
	needPython(t)
	orders := example(t, "orders")
	archive := start(t, orders, "-role", "archive", "-shops", "python", "-messages", "5")
	receipts := archive.expect(t, `receipts on (.*)`)
	letters := archive.expect(t, `letters on (.*)`)
	news := archive.expect(t, `news on (.*)`)

	shop := start(t, interpreter, "../examples/orders/client.py", "--news", news, "tea", "soufflé", "unicorn steak", "cake")
	connect := shop.expect(t, `^python listening for workers on (.*)`)
	start(t, orders, "-role", "worker", "-name", "cook", "-connect", connect, "-receipts", receipts, "-dead", letters)

	archive.expect(t, `^dead .*python/3: there is no unicorn in the kitchen \(tries: 3\)$`)
	archive.expect(t, `^dead .*what is no order: .*decode main\.Order`)
	archive.expect(t, `^cook +3 orders, 1 of them not at the first try$`)
	archive.expect(t, `^5 messages were sent: 3 handled, 2 dead$`)
	archive.end(t)
	var told []string
	for line := range shop.lines {
		told = append(told, line)
	}
	shop.end(t)
	for _, want := range []string{
		"tea: 500 cents, made by cook in 1 tries",
		"soufflé: 500 cents, made by cook in 2 tries",
		"unicorn steak: there is no unicorn in the kitchen (tries: 3)",
		"cake: 500 cents, made by cook in 1 tries",
	} {
		if !strings.Contains("\n"+strings.Join(told, "\n")+"\n", "\n"+want+"\n") {
			t.Errorf("the shop never said %q: %q", want, told)
		}
	}
}

// A REQ of libzmq calls the methods of servers in Go, and a DEALER takes a
// stream that is longer than what may be on its way.
func TestKVClient(t *testing.T) {
	needPython(t)
	kv, folder := example(t, "kv"), t.TempDir()
	one := start(t, kv, "-role", "server", "-folder", folder)
	first := one.expect(t, `listening on (.*)`)
	endpoints := first + "," + start(t, kv, "-role", "server", "-folder", folder).expect(t, `listening on (.*)`)
	python := func(args ...string) (stdout, stderr string, ok bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, interpreter, append([]string{"../examples/kv/client.py", endpoints}, args...)...)
		var out, problems bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &problems
		err := cmd.Run()
		if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		return out.String(), problems.String(), err == nil
	}
	check := func(wantOut, wantErr string, args ...string) {
		t.Helper()
		out, problems, ok := python(args...)
		if out != wantOut || !strings.Contains(problems, wantErr) || ok != (wantErr == "") {
			t.Errorf("%v printed %q and %q, want %q and %q", args, out, problems, wantOut, wantErr)
		}
	}

	check("", "", "put", "sky", "blue")
	check("blue\n", "", "get", "sky")
	check("", "", "delete", "sky")
	check("", `not_found: no key "sky"`, "get", "sky")
	check("", "invalid_argument: a key of 101 octets", "get", strings.Repeat("k", 101))

	// What Go puts, Python lists, and the other way round.
	c, err := call.NewClient()
	must(t, err)
	defer c.Close()
	must(t, c.Connect(first))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	type entry struct {
		Key   string `msgpack:"key"`
		Value []byte `msgpack:"value"`
	}
	put := call.NewCaller(c, "kv.put", codec.MsgPack[entry](), codec.Bytes())
	var want strings.Builder
	for n := range 100 {
		e := entry{fmt.Sprintf("shelf/%03d", n), fmt.Appendf(nil, "book %d", n)}
		_, err := put.Call(ctx, e)
		must(t, err)
		fmt.Fprintf(&want, "%s %s\n", e.Key, e.Value)
	}
	check("", "", "put", "table", "lamp")
	check(want.String(), "", "list", "shelf/")
	check(want.String()+"table lamp\n", "", "list")

	// The other server is left, which has the same folder.
	one.stop()
	<-one.ended
	check("lamp\n", "", "get", "table")
	check("table lamp\n", "", "list", "t")
}
