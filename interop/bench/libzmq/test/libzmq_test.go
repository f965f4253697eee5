// Package test compiles the child of libzmq and talks to it. It has a folder of
// its own because Go takes C files beside Go files for cgo.
package test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// keys are those of a server of CURVE.
const keys = "-server-key 8YEO#Z[SS/Nyz<6aN.[QiXLzS55UR(vVh(hqJq$R -server-secret cg-eGNP?l98il?E!hhKAwA@%^g&)OTV7nLKA)=W#"

// patience is how long one case may take.
const patience = 30 * time.Second

// build compiles the program, as strictly as the compiler can.
func build(t *testing.T) string {
	t.Helper()
	miss := t.Skipf
	if os.Getenv("BROKERLESS_INTEROP") == "require" {
		miss = t.Fatalf
	}
	if _, err := exec.LookPath("cc"); err != nil {
		miss("there is no C compiler: apt-get install gcc libc6-dev")
	}
	look := exec.Command("cc", "-E", "-")
	look.Stdin = strings.NewReader("#include <zmq.h>\n")
	if look.Run() != nil {
		miss("the headers of libzmq are missing: apt-get install libzmq3-dev")
	}
	sources, err := filepath.Glob("../*.c")
	if err != nil || len(sources) == 0 {
		t.Fatal("no sources", err)
	}
	program := filepath.Join(t.TempDir(), "libzmq")
	args := slices.Concat([]string{"-O2", "-Wall", "-Wextra", "-Werror", "-o", program}, sources, []string{"-lzmq", "-lpthread"})
	if output, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, output)
	}
	return program
}

// child is the program at work.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

func start(t *testing.T, program string, flags ...string) *child {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c := &child{t: t, cmd: exec.CommandContext(ctx, program, flags...)}
	c.cmd.Stderr = &c.stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.in, c.out = in, bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.cmd.Wait() // an error if it was waited for
	})
	return c
}

func (c *child) tell(command string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		c.t.Fatalf("%s: %v, stderr %q", command, err, &c.stderr)
	}
}

// await reads the next line, which must start with a word, and returns the rest.
func (c *child) await(word string) string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		_ = c.cmd.Wait()
		c.t.Fatalf("no %q: %v, stderr %q", word, err, &c.stderr)
	}
	rest, found := strings.CutPrefix(strings.TrimSuffix(line, "\n"), word)
	if !found {
		c.t.Fatalf("%q, want %q", line, word)
	}
	return strings.TrimPrefix(rest, " ")
}

// measure is what a child reports.
type measure struct {
	Count   uint64      `json:"count"`
	Bytes   uint64      `json:"bytes"`
	Ns      uint64      `json:"ns"`
	CPU     uint64      `json:"cpu_ns"`
	RSS     uint64      `json:"rss"`
	Threads int         `json:"threads"`
	Hist    [][2]uint64 `json:"hist"`
}

func (c *child) measure(command string) measure {
	c.t.Helper()
	c.tell(command)
	line := c.await("")
	var m measure
	d := json.NewDecoder(strings.NewReader(line))
	if err := d.Decode(&m); err != nil {
		c.t.Fatalf("%q: %v", line, err)
	}
	return m
}

// ended waits for the end of the process and returns its exit code.
func (c *child) ended() int {
	c.t.Helper()
	_ = c.cmd.Wait() // the exit code says it
	return c.cmd.ProcessState.ExitCode()
}

func TestRoles(t *testing.T) {
	program := build(t)
	pairs := []struct {
		name, binder, connector string
		receiver                int
		flags                   string
		octets                  uint64 // of a message
		asks                    bool
	}{
		{"pipeline", "pull", "push", 0, "-size 100", 100, false},
		{"multipart", "pull", "push", 0, "-size 32 -frames 4", 128, false},
		{"big", "pull", "push", 0, "-size 1048576", 1 << 20, false},
		{"senders", "pull", "push", 0, "-senders 8", 16, false},
		{"fan-in", "pull", "push", 0, "-sockets 50 -hwm 10", 16, false},
		{"reqrep", "echo", "ask", 1, "-pattern reqrep -frames 2", 32, true},
		{"dealerrouter", "echo", "ask", 1, "-pattern dealerrouter", 16, true},
		{"pipelined", "echo", "ask", 1, "-pattern dealerrouter -inflight 1000 -size 64", 64, true},
		{"rate", "echo", "ask", 1, "-pattern reqrep -rate 1000", 16, true},
		{"publish", "pub", "sub", 1, "-subscribers 10", 16, false},
		{"pipeline under CURVE", "pull", "push", 0, "-size 100 " + keys, 100, false},
		{"reqrep under CURVE", "echo", "ask", 1, "-pattern reqrep -size 64 " + keys, 64, true},
		{"match", "pub", "sub", 1, "-subscribers 3 -subscriptions 1000 -frames 2 -reuse", 32, false},
		{"one subscriber", "pub", "sub", 1, "-iothreads 2", 16, false},
	}
	for _, transport := range []string{"tcp", "ipc", "inproc"} {
		for _, p := range pairs {
			if transport == "inproc" && strings.HasSuffix(p.flags, keys) {
				continue // within a process there is nobody to keep out
			}
			t.Run(transport+"/"+p.name, func(t *testing.T) {
				flags := append(strings.Fields(p.flags), "-transport", transport)
				var children []*child
				if transport == "inproc" {
					c := start(t, program, append(flags, "-roles", p.binder+","+p.connector)...)
					c.await("ready inproc://")
					children = []*child{c, c}
				} else {
					flags := append(flags, "-endpoint", "ipc://"+filepath.Join(t.TempDir(), "s"))
					binder := start(t, program, append(flags, "-roles", p.binder)...)
					endpoint := binder.await("ready")
					connector := start(t, program, append(flags, "-roles", p.connector, "-endpoint", endpoint)...)
					connector.await("ready -")
					children = []*child{binder, connector}
				}
				children[0].tell("begin")
				children[1].tell("begin")
				receiver := children[p.receiver]
				receiver.await("warm")
				receiver.tell("mark")
				m := receiver.measure("measure")
				for m.Count < 10 {
					m = receiver.measure("measure")
				}
				if m.Bytes != m.Count*p.octets || m.Ns == 0 || m.RSS == 0 || m.Threads < 4 || p.asks != (len(m.Hist) > 0) {
					t.Errorf("measured %+v", m)
				}
				children[1].tell("stop")
				if transport != "inproc" { // the end of the input will do
					if err := children[0].in.Close(); err != nil {
						t.Error(err)
					}
				}
				for _, c := range children {
					if code := c.ended(); code != 0 || c.stderr.Len() > 0 {
						t.Errorf("exit code %d, stderr %q", code, &c.stderr)
					}
				}
			})
		}
	}
}

// Each of the sockets connects when told to begin, and sends one message.
func TestOnce(t *testing.T) {
	const sockets = 1100 // more than libzmq has by default, and than wait to be accepted
	program := build(t)
	pull := start(t, program, "-roles", "pull", "-expect", fmt.Sprint(sockets))
	endpoint := pull.await("ready")
	push := start(t, program, "-roles", "push", "-once", "-sockets", fmt.Sprint(sockets), "-endpoint", endpoint)
	push.await("ready -")
	push.tell("begin")
	pull.await("warm")
	pull.await("done")
	if m := pull.measure("measure settle"); m.Count != sockets {
		t.Errorf("%d messages, want %d", m.Count, sockets)
	}
	if m := push.measure("measure settle"); m.Count != 0 || m.RSS == 0 {
		t.Errorf("the sender measured %+v", m)
	}
}

// A client without the server's key, or with another one, is not let in.
func TestServerIsProven(t *testing.T) {
	program := build(t)
	server := strings.Fields(keys)
	pull := start(t, program, append([]string{"-roles", "pull"}, server...)...)
	endpoint := pull.await("ready")
	server[1] = "sXd$[<^y9nUX#z([Ka<BC::jVB}fMp%b0g>q4D55"
	wrong := start(t, program, append([]string{"-roles", "push", "-size", "17", "-endpoint", endpoint}, server...)...)
	plain := start(t, program, "-roles", "push", "-size", "18", "-endpoint", endpoint)
	right := start(t, program, append(strings.Fields(keys), "-roles", "push", "-endpoint", endpoint)...)
	for _, c := range []*child{wrong, plain, right} {
		c.await("ready -")
		c.tell("begin")
	}
	pull.await("warm")
	for m := (measure{}); m.Count < 1000; { // one of another size would end the process
		m = pull.measure("measure")
	}
}

func TestVersion(t *testing.T) {
	c := start(t, build(t), "-version")
	var major, minor, patch int
	if _, err := fmt.Sscanf(c.await(""), "%d.%d.%d", &major, &minor, &patch); err != nil || major < 4 {
		t.Errorf("version %d.%d.%d, %v", major, minor, patch, err)
	}
}

// What goes wrong is told in one line.
func TestFailures(t *testing.T) {
	program := build(t)
	for _, c := range []struct{ flags, input, want string }{
		{"", "", "-roles is missing"},
		{"-roles dance", "", `unknown role "dance"`},
		{"-roles", "", "-roles takes a value"},
		{"pull", "", `"pull" is not a flag`},
		{"-speed 9", "", "unknown flag -speed"},
		{"-frames 65", "", "-frames: 65 is not between 1 and 64"},
		{"-size -1", "", `-size: "-1" is not a number`},
		{"-transport udp", "", `-transport: unknown value "udp"`},
		{"-inflight 2", "", "-inflight above 1 takes -pattern dealerrouter"},
		{"-roles push", "", "a role that connects takes -endpoint"},
		{"-roles pull -transport ipc", "", "-transport ipc takes -endpoint"},
		{"-roles push -endpoint pigeon://x", "", "zmq_connect: Protocol not supported"},
		{"-roles pub -size 7", "", "-size 7 has no room for a topic of 8"},
		{"-roles sub -subscribers 3 -subscriptions 2", "", "-subscriptions: each subscriber needs a topic"},
		{"-roles pull -server-key short", "", `-server-key: "short" is not a key in Z85`},
		{"-roles pull " + strings.Fields(keys)[0] + " " + strings.Fields(keys)[1], "", "-server-key and -server-secret go together"},
		{"-roles pull -transport inproc " + keys, "", "-server-key is for a transport that leaves the process"},
		{"-roles pull", "hurry\n", `unknown command "hurry"`},
	} {
		p := start(t, program, strings.Fields(c.flags)...)
		_, _ = io.WriteString(p.in, c.input) // it may have ended already
		if code := p.ended(); code != 1 || p.stderr.String() != c.want+"\n" {
			t.Errorf("%q: exit code %d, stderr %q, want 1 and %q", c.flags, code, &p.stderr, c.want)
		}
	}
}
