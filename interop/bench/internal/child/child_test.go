package child_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/interop/bench/internal/child"
	"github.com/brokerless/brokerless/interop/bench/internal/hist"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// sample is what a child answers to measure.
type sample struct {
	Count      int64           `json:"count"`
	Bytes      int64           `json:"bytes"`
	NS         int64           `json:"ns"`
	CPU        int64           `json:"cpu_ns"`
	RSS        int64           `json:"rss"`
	Heap       int64           `json:"heap"`
	Stacks     int64           `json:"stacks"`
	Goroutines int64           `json:"goroutines"`
	Threads    int64           `json:"threads"`
	Hist       *hist.Histogram `json:"hist"`
}

// measure asks the child how it is doing.
func (p *process) measure(how string) (s sample) {
	p.t.Helper()
	p.say(how)
	text := p.await("")
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	return s
}

func TestRoles(t *testing.T) {
	tests := []struct {
		name  string
		flags []string
		size  int64
	}{
		{"push to pull", []string{"-roles", "pull,push"}, 16},
		{"several frames", []string{"-roles", "pull,push", "-size", "32", "-frames", "4"}, 128},
		{"large messages", []string{"-roles", "pull,push", "-size", "8192"}, 8192},
		{"several senders", []string{"-roles", "pull,push", "-senders", "3"}, 16},
		{"several sockets", []string{"-roles", "pull,push", "-sockets", "3"}, 16},
		{"REQ to REP", []string{"-roles", "echo,ask", "-size=64"}, 64},
		{"DEALER to ROUTER", []string{"-roles", "echo,ask", "-pattern", "dealerrouter"}, 16},
		{"many under way", []string{"-roles", "echo,ask", "-pattern", "dealerrouter", "-inflight", "50"}, 16},
		{"at a rate", []string{"-roles", "echo,ask", "-rate", "2000"}, 16},
		{"PUB to SUB", []string{"-roles", "pub,sub"}, 16},
		{"several subscribers", []string{"-roles", "pub,sub", "-subscribers", "3"}, 16},
		{"several topics", []string{"-roles", "pub,sub", "-subscribers", "3", "-subscriptions", "25"}, 16},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, newFake(t).open, append(tt.flags, "-transport", "inproc")...)
			if got := p.await("ready"); got != "inproc://fake" {
				t.Errorf("ready %q, want inproc://fake", got)
			}
			p.say("begin")
			p.await("warm")
			p.say("mark")
			var s sample
			for s.Count < 100 {
				s = p.measure("measure")
			}
			if s.Bytes != s.Count*tt.size {
				t.Errorf("%d octets in %d messages of %d", s.Bytes, s.Count, tt.size)
			}
			if s.NS <= 0 || s.CPU < 0 || s.Heap <= 0 || s.Stacks <= 0 || s.Goroutines <= 0 {
				t.Errorf("measured %+v", s)
			}
			asks := strings.Contains(tt.flags[1], "ask")
			if asks && (s.Hist == nil || s.Hist.Count() < 100) {
				t.Errorf("a histogram of %v round trips, want the %d that were counted", s.Hist, s.Count)
			}
			if !asks && s.Hist != nil {
				t.Error("a histogram without an asker")
			}
			p.say("stop")
			if err := p.ended(); err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// Both ends in processes of their own; the endpoint goes from one to the other.
func TestOneMessageOnEachSocket(t *testing.T) {
	f := newFake(t)
	pull := start(t, f.open, "-roles", "pull", "-expect", "7")
	push := start(t, f.open, "-roles", "push", "-once", "-sockets", "7", "-endpoint", pull.await("ready"))
	if got := push.await("ready"); got != "-" {
		t.Errorf("ready %q, want -", got)
	}
	pull.say("begin")
	push.say("begin")
	pull.await("warm")
	pull.await("done")
	if s := pull.measure("measure settle"); s.Count != 7 {
		t.Errorf("%d messages, want 7", s.Count)
	}
}

func TestMarkStartsAnew(t *testing.T) {
	f := newFake(t)
	pull := start(t, f.open, "-roles", "pull", "-expect", "2")
	push := start(t, f.open, "-roles", "push", "-once", "-sockets", "2", "-endpoint", pull.await("ready"))
	push.await("ready")
	push.say("begin")
	pull.await("warm")
	pull.await("done")
	before := pull.measure("measure")
	pull.say("mark")
	after := pull.measure("measure")
	if before.Count != 2 || after.Count != 0 || after.Bytes != 0 {
		t.Errorf("%d messages before the mark and %d after it, want 2 and 0", before.Count, after.Count)
	}
	if after.NS >= before.NS {
		t.Errorf("%d ns since the mark, and %d before it", after.NS, before.NS)
	}
}

func TestEndOfInputEnds(t *testing.T) {
	t.Run("at work", func(t *testing.T) {
		p := start(t, newFake(t).open, "-roles", "pull,push", "-transport", "inproc")
		p.await("ready")
		p.say("begin")
		p.await("warm")
		p.in.Close()
		if err := p.ended(); err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	t.Run("while it sets up", func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		p := start(t, func(*child.Config, child.Kind) (child.Socket, error) {
			<-never
			return nil, errClosed
		}, "-roles", "pull")
		p.in.Close()
		if err := p.ended(); err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestFailure(t *testing.T) {
	broken := func(*child.Config, child.Kind) (child.Socket, error) { return nil, errClosed }
	t.Run("ends the child", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := start(t, broken, "-roles", "pull")
			if err := p.ended(); !errors.Is(err, errClosed) || !strings.HasPrefix(err.Error(), "pull: ") {
				t.Errorf("ended with %v, want the failure of the role pull", err)
			}
		})
	})
	t.Run("is forgiven who is told to stop", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := start(t, broken, "-roles", "pull")
			synctest.Wait()
			p.say("stop")
			if err := p.ended(); err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	})
	t.Run("of a message that is too short", func(t *testing.T) {
		f := newFake(t)
		p := start(t, f.open, "-roles", "pull", "-size", "16")
		p.await("ready")
		f.there <- []byte("short")
		if err := p.ended(); err == nil || !strings.Contains(err.Error(), "5 octets") {
			t.Errorf("ended with %v, want the 5 octets mentioned", err)
		}
	})
}

func TestUnknownLine(t *testing.T) {
	p := start(t, newFake(t).open, "-roles", "pull")
	p.await("ready")
	p.say("faster")
	if err := p.ended(); err == nil || !strings.Contains(err.Error(), `"faster"`) {
		t.Errorf("ended with %v, want the line quoted", err)
	}
}

// acceptor is a fakeSocket whose connections end.
type acceptor struct {
	*fakeSocket
	conns chan child.Socket
}

func (a *acceptor) Accept() (child.Socket, error) {
	select {
	case c := <-a.conns:
		return c, nil
	case <-a.quit:
		return nil, errClosed
	}
}

// ended is a connection whose peer has left.
type ended struct{}

func (ended) Recv() ([]byte, int, error) { return nil, 0, io.EOF }

func TestConnectionsOfAnAcceptor(t *testing.T) {
	f := newFake(t)
	conns := make(chan child.Socket)
	p := start(t, func(c *child.Config, kind child.Kind) (child.Socket, error) {
		return &acceptor{&fakeSocket{fake: f}, conns}, nil
	}, "-roles", "pull", "-expect", "2")
	p.await("ready")
	conns <- ended{}
	for _, queue := range []chan []byte{f.there, f.back} {
		conns <- &fakeSocket{fake: f, in: queue}
		queue <- make([]byte, 16)
	}
	p.await("warm")
	p.await("done")
	if s := p.measure("measure"); s.Count != 2 {
		t.Errorf("%d messages, want 2", s.Count)
	}
}

// A library that stalls once makes all requests late that were due meanwhile,
// and their latency says so.
func TestLatencyAtARateCountsFromTheDueTime(t *testing.T) {
	const rate, stall = 1000, 100 * time.Millisecond
	f := newFake(t)
	f.stall = stall
	p := start(t, f.open, "-roles", "echo,ask", "-rate", "1000", "-transport", "inproc")
	p.await("ready")
	begin := time.Now()
	p.say("begin")
	p.await("warm")
	var s sample
	for s.Count < 300 {
		s = p.measure("measure")
	}
	if due := int64(time.Since(begin)*rate/time.Second) + 1; s.Count > due {
		t.Errorf("%d round trips when %d were due", s.Count, due)
	}
	// Half of those that were due while it stalled had to wait for more than half
	// of the stall.
	waited := 0
	for q := range 1000 {
		if time.Duration(s.Hist.Quantile(float64(q)/1000)) > stall/2 {
			waited = int(float64(1000-q) / 1000 * float64(s.Hist.Count()))
			break
		}
	}
	if waited < 40 {
		t.Errorf("%d of %d round trips took more than %v, want about 50", waited, s.Hist.Count(), stall/2)
	}
}
