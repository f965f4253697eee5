package conduct

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

var quick = Settings{Warm: time.Millisecond, Window: time.Millisecond, Limit: 20 * time.Second}

func workload(t *testing.T, name string) plan.Workload {
	t.Helper()
	for _, w := range plan.Workloads(plan.Full) {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("there is no workload %q", name)
	return plan.Workload{}
}

// fakes makes programs of this test fake children and returns the folder where
// they leave their traces.
func fakes(t *testing.T) (program, folder string) {
	t.Helper()
	folder = t.TempDir()
	t.Setenv(fakeEnv, folder)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or else each child takes a second to end
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program, folder
}

// traces returns what the children of a sample were started with and told, the
// first started first, and fails the test if one of them still runs.
func traces(t *testing.T, folder string) [][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Split(strings.TrimSpace(string(text)), "\n"))
	}
	slices.SortFunc(all, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return all
}

func TestWindow(t *testing.T) {
	program, folder := fakes(t)
	s, err := take(t.Context(), program, []string{"-reuse"}, workload(t, "latency/reqrep/ipc"), quick, "/tmp/x")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Processes) != 2 || s.Processes[0].Roles != "echo" || s.Processes[1].Roles != "ask" {
		t.Fatalf("processes: %+v", s.Processes)
	}
	if got := s.Load(); got != 1 {
		t.Errorf("%v processors busy, want half of one for each of both processes", got)
	}
	receiver := s.Receiver(workload(t, "latency/reqrep/ipc"))
	if receiver != &s.Processes[1].Measure || receiver.Count != 1000 || receiver.Hist.Count() != 2 {
		t.Errorf("the receiver measured %+v", receiver)
	}
	want := [][]string{
		{"-roles ask -transport ipc -size 64 -pattern reqrep -reuse -endpoint endpoint-of-echo", "begin", "mark", "measure", "stop"},
		{"-roles echo -transport ipc -size 64 -pattern reqrep -reuse -endpoint ipc:///tmp/x/socket", "begin", "mark", "measure", "stop"},
	}
	if got := traces(t, folder); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the children were told\n%q, want\n%q", got, want)
	}
}

// A receiver that heard of the mark only just before it was to measure has
// watched nothing yet.
func TestLateMark(t *testing.T) {
	program, folder := fakes(t)
	w := workload(t, "throughput/tcp/16")
	s, err := take(t.Context(), program, []string{"-fake", "late:pull"}, w, quick, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Receiver(w).Count; got != 1000 {
		t.Errorf("%d messages, want those of the whole window", got)
	}
	for _, told := range traces(t, folder) {
		if want := []string{"begin", "mark", "measure", "measure", "stop"}; !slices.Equal(told[1:], want) {
			t.Errorf("a child was told %q, want %q", told[1:], want)
		}
	}
}

func TestWithinOneProcess(t *testing.T) {
	program, folder := fakes(t)
	s, err := take(t.Context(), program, nil, workload(t, "throughput/inproc/16"), quick, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Processes) != 1 || s.Receiver(workload(t, "throughput/inproc/16")).Count != 1000 {
		t.Errorf("processes: %+v", s.Processes)
	}
	want := "-roles pull,push -transport inproc -size 16 -endpoint inproc://bench"
	if got := traces(t, folder); len(got) != 1 || got[0][0] != want {
		t.Errorf("children: %q, want one with %q", got, want)
	}
}

func TestConnect(t *testing.T) {
	program, folder := fakes(t)
	s, err := take(t.Context(), program, nil, workload(t, "connect/1000"), quick, "")
	if err != nil {
		t.Fatal(err)
	}
	if s.Elapsed <= 0 {
		t.Errorf("it took %d ns", s.Elapsed)
	}
	for _, told := range traces(t, folder) {
		if want := []string{"mark", "begin", "measure", "stop"}; !slices.Equal(told[1:], want) {
			t.Errorf("a child was told %q, want %q", told[1:], want)
		}
	}
}

func TestIdle(t *testing.T) {
	program, folder := fakes(t)
	s, err := take(t.Context(), program, nil, workload(t, "idle/10000"), quick, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Processes) != 5 {
		t.Fatalf("%d processes, want one that binds and four that connect", len(s.Processes))
	}
	for _, p := range s.Processes {
		if p.Before == nil || p.Before.RSS != 1<<20 || p.RSS != 1<<20+1 {
			t.Errorf("%s: before %+v, after %+v", p.Roles, p.Before, p.Measure)
		}
	}
	traces(t, folder)
}

func TestFailures(t *testing.T) {
	short := quick
	short.Limit = 300 * time.Millisecond
	tests := []struct {
		fake     string
		workload string
		settings Settings
		want     string
	}{
		{"dies:push", "throughput/tcp/16", quick, "push: zmq_send: Broken teapot"},
		{"dies:pull", "throughput/tcp/16", quick, "pull: zmq_send: Broken teapot"},
		{"panics:pull,push", "throughput/inproc/16", quick, "pull,push: panic: oh dear"},
		{"leaves:pull", "throughput/tcp/16", quick, "pull: ended by itself"},
		{"silent:sub", "publish/1", short, "sub: not warm: time-out after 300ms, with 1000 deliveries"},
		{"silent:pull", "connect/1000", short, "pull: not done: time-out after 300ms, with 1000 connections"},
		{"still:ask", "latency/reqrep/tcp", quick, "nothing arrived in the window"},
		{"babbles:pull", "throughput/tcp/16", quick, "pull: numbers that cannot be read: "},
		{"fails at the end:push", "throughput/tcp/16", quick, "push: zmq_close: bad descriptor"},
		{"stubborn:pull", "throughput/tcp/16", quick, "pull: did not end when told to, and was killed"},
	}
	for _, tt := range tests {
		t.Run(tt.fake, func(t *testing.T) {
			program, folder := fakes(t)
			_, err := take(t.Context(), program, []string{"-fake", tt.fake}, workload(t, tt.workload), tt.settings, "")
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			traces(t, folder)
		})
	}
}

func TestProgramThatDoesNotExist(t *testing.T) {
	if _, err := take(t.Context(), "/nowhere/child", nil, workload(t, "throughput/tcp/16"), quick, ""); err == nil {
		t.Error("no error")
	}
}

// conductor returns one whose programs are fakes, all but those in broken.
func conductor(t *testing.T, broken ...string) *Conductor {
	t.Helper()
	program, _ := fakes(t)
	c := &Conductor{
		Programs:  &Programs{folder: t.TempDir(), failures: map[string]error{}},
		Workloads: []plan.Workload{workload(t, "throughput/tcp/16"), workload(t, "publish/1")},
		Settings:  quick, Runs: 2, Folder: t.TempDir(), Report: func(Sample) {},
	}
	for _, i := range plan.Implementations() {
		switch i.Name {
		case plan.Brokerless, plan.Libzmq, plan.Plain:
			c.Implementations = append(c.Implementations, i)
		default:
			continue
		}
		if err := os.Symlink(program, c.Programs.path(i.Program)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range broken {
		c.Programs.failures[name] = errors.New("does not build")
	}
	return c
}

func TestRunsAreInterleavedAndTheOrderRotates(t *testing.T) {
	c := conductor(t)
	reported := 0
	c.Report = func(Sample) { reported++ }
	var got []string
	for _, s := range c.Run(t.Context()) {
		if s.Failure != "" {
			t.Errorf("%s of %s failed: %s", s.Workload, s.Implementation, s.Failure)
		}
		got = append(got, strconv.Itoa(s.Run)+" "+s.Workload+" "+s.Implementation)
	}
	want := []string{
		"1 throughput/tcp/16 brokerless", "1 throughput/tcp/16 libzmq", "1 throughput/tcp/16 plain",
		"1 publish/1 brokerless", "1 publish/1 libzmq",
		"2 throughput/tcp/16 libzmq", "2 throughput/tcp/16 plain", "2 throughput/tcp/16 brokerless",
		"2 publish/1 libzmq", "2 publish/1 brokerless",
	}
	if !slices.Equal(got, want) {
		t.Errorf("samples:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if reported != len(want) {
		t.Errorf("%d samples were reported", reported)
	}
}

func TestRunGoesOnAfterFailures(t *testing.T) {
	c := conductor(t, plan.Libzmq)
	samples := c.Run(t.Context())
	if len(samples) != 10 {
		t.Fatalf("%d samples, want all 10", len(samples))
	}
	for _, s := range samples {
		want := ""
		if s.Implementation == plan.Libzmq {
			want = "does not build"
		}
		if s.Failure != want {
			t.Errorf("%s of %s: failure %q, want %q", s.Workload, s.Implementation, s.Failure, want)
		}
	}
}

func TestTimeoutsAreNotRepeatedForEver(t *testing.T) {
	c := conductor(t)
	c.Workloads = c.Workloads[:1]
	c.Implementations = []plan.Implementation{{Name: plan.Brokerless, Program: plan.Brokerless, Flags: []string{"-fake", "silent:pull"}}}
	c.Runs, c.Settings.Limit = 4, time.Second
	var failures []string
	for _, s := range c.Run(t.Context()) {
		failures = append(failures, s.Failure)
	}
	timeout, skipped := "pull: not warm: time-out after 1s, with 1000 messages", "not tried again after time-outs"
	if want := []string{timeout, timeout, skipped, skipped}; !slices.Equal(failures, want) {
		t.Errorf("failures %q, want %q", failures, want)
	}
}

func TestInterrupted(t *testing.T) {
	c := conductor(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.Report = func(s Sample) {
		if s.Implementation == plan.Libzmq {
			cancel()
		}
	}
	if samples := c.Run(ctx); len(samples) != 2 {
		t.Errorf("%d samples, want the two before the interruption", len(samples))
	}
	traces(t, os.Getenv(fakeEnv))
}
