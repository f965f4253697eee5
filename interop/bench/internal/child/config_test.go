package child

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	c, err := parse(strings.Fields("-roles pull,push -transport=ipc -endpoint ipc:///x -size 100 -frames 2 -once -hwm 5 -server-key k -server-secret s"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Roles, []string{"pull", "push"}) || c.Transport != "ipc" || c.Endpoint != "ipc:///x" ||
		c.octets() != 200 || !c.Once || c.HWM != 5 || c.Senders != 1 ||
		c.ServerKey != "k" || c.ServerSecret != "s" {
		t.Errorf("parsed %+v", c)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, flags := range []string{
		"-transport udp",
		"-pattern survey",
		"-size 0",
		"-senders -1",
		"-rate -1",
		"-senders 2 -sockets 2",
		"-inflight 2",
		"-inflight 2 -pattern dealerrouter -rate 5",
		"-subscribers 3 -subscriptions 2",
		"-roles pub -size 7",
		"-roles sub -subscriptions 100000001",
		"-server-key x",
		"-server-secret x",
		"-transport inproc -server-key x -server-secret x",
		"-size ten",
		"-fast",
		"push",
	} {
		if _, err := parse(strings.Fields(flags)); err == nil {
			t.Errorf("%s: taken", flags)
		}
	}
}

func TestBinding(t *testing.T) {
	tests := []struct{ transport, endpoint, want string }{
		{"tcp", "", "tcp://127.0.0.1:0"},
		{"ipc", "ipc:///tmp/x", "ipc:///tmp/x"},
		{"inproc", "", "inproc://bench"},
		{"inproc", "inproc://x", "inproc://x"},
	}
	for _, tt := range tests {
		c := &Config{Transport: tt.transport, Endpoint: tt.endpoint}
		if got, err := c.binding(); got != tt.want || err != nil {
			t.Errorf("%s %q: %q, %v, want %q", tt.transport, tt.endpoint, got, err, tt.want)
		}
	}
	if got, err := (&Config{Transport: "ipc"}).binding(); err == nil {
		t.Errorf("ipc without an endpoint: %q", got)
	}
}

func TestCountUp(t *testing.T) {
	topic := []byte(topicName(0))
	for k := range 12_345 {
		if string(topic) != topicName(k) {
			t.Fatalf("topic %d is %q", k, topic)
		}
		countUp(topic)
	}
}

// Each topic belongs to one subscriber.
func TestTopicsOf(t *testing.T) {
	c := &child{Config: &Config{Subscribers: 3, Subscriptions: 8}}
	if got, want := c.topicsOf(1), []string{"00000001", "00000004", "00000007"}; !slices.Equal(got, want) {
		t.Errorf("topics %q, want %q", got, want)
	}
	c.Subscriptions = 1
	for i := range 3 {
		if got := c.topicsOf(i); !slices.Equal(got, []string{"00000000"}) {
			t.Errorf("subscriber %d has topics %q", i, got)
		}
	}
}

func TestCounterShowsEachBatch(t *testing.T) {
	m := newMeter(&Config{Size: 16, Frames: 1, Subscribers: 1})
	rough, exact := m.counter(), m.exact()
	for range batch + 1 {
		rough.add()
		exact.add()
	}
	if got := m.measure().Count; got != batch+batch+1 {
		t.Errorf("%d messages, want %d of one counter and %d of the other", got, batch, batch+1)
	}
}

func BenchmarkCounter(b *testing.B) {
	c := newMeter(&Config{Size: 16, Frames: 1, Subscribers: 1}).counter()
	for b.Loop() {
		c.add()
	}
}
