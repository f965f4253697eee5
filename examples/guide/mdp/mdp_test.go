package mdp

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/socket"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const patience = 20 * time.Second

// startBroker runs a broker until the test is over.
func startBroker(t *testing.T) *Broker {
	t.Helper()
	b, err := NewBroker("tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	return b
}

// run runs a part until the test is over, and returns what ends it before.
func run(t *testing.T, part func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := part(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

func echo(_ context.Context, request socket.Message) (socket.Message, error) { return request, nil }

// rawWorker is a worker of which the test decides each frame.
type rawWorker struct {
	t *testing.T
	*socket.Dealer
}

func newRawWorker(t *testing.T, endpoint string) rawWorker {
	t.Helper()
	d, err := socket.NewDealer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
	return rawWorker{t, d}
}

func (w rawWorker) say(frames ...string) {
	w.t.Helper()
	m := socket.Message{nil, []byte("MDPW01")}
	for _, f := range frames {
		m = append(m, []byte(f))
	}
	if err := w.Send(w.t.Context(), m...); err != nil {
		w.t.Fatal(err)
	}
}

// expect waits for a command other than a heartbeat.
func (w rawWorker) expect(command string) socket.Message {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for m, err := range w.Messages(ctx) {
		if err != nil {
			w.t.Fatal(err)
		}
		if len(m) < 3 || len(m[0]) > 0 || string(m[1]) != "MDPW01" {
			w.t.Fatalf("the broker says %v", m)
		}
		if got := string(m[2]); got != "\x04" {
			if got != command {
				w.t.Fatalf("command %q, want %q", got, command)
			}
			return m[3:]
		}
	}
	return nil
}

// A broker does not take a worker's word for anything before it has said READY.
func TestUnknownWorkerIsSentAway(t *testing.T) {
	b := startBroker(t)
	for name, frames := range map[string][]string{
		"heartbeat": {"\x04"},
		"reply":     {"\x03", "client", "", "body"},
		"unknown":   {"\x09"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRawWorker(t, b.Endpoint())
			w.say(frames...)
			w.expect("\x05")
		})
	}
}

// What a worker has not taken when it goes is another one's.
func TestRequestOfAWorkerThatHasGone(t *testing.T) {
	b := startBroker(t)
	w := newRawWorker(t, b.Endpoint())
	w.say("\x01", "echo")
	c, err := NewClient(b.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for there := ""; there != "200"; {
		m, err := c.Request(ctx, "mmi.service", []byte("echo"))
		if err != nil {
			t.Fatal(err)
		}
		there = string(m[0])
	}
	w.Close() // without DISCONNECT
	other, err := NewWorker(b.Endpoint(), "echo", echo)
	if err != nil {
		t.Fatal(err)
	}
	run(t, other.Run)
	reply, err := c.Insist(ctx, time.Second, "echo", []byte("hello"))
	if err != nil || len(reply) != 1 || string(reply[0]) != "hello" {
		t.Fatalf("reply %v, %v", reply, err)
	}
}

// A broker that is started anew learns of its workers, and clients do not notice.
func TestBrokerRestarts(t *testing.T) {
	first, err := NewBroker("tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, first.Run)
	w, err := NewWorker(first.Endpoint(), "echo", echo)
	if err != nil {
		t.Fatal(err)
	}
	run(t, w.Run)
	c, err := NewClient(first.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ask := func() {
		t.Helper()
		if _, err := c.Insist(ctx, time.Second, "echo", []byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	stop()
	second, err := NewBroker(first.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	run(t, second.Run)
	ask()
}

// A worker at work for longer than the broker bears silence is not given up.
func TestLongWork(t *testing.T) {
	b := startBroker(t)
	w, err := NewWorker(b.Endpoint(), "slow", func(ctx context.Context, request socket.Message) (socket.Message, error) {
		timer := time.NewTimer(2 * expiry)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return request, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t, w.Run)
	c, err := NewClient(b.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := c.Request(ctx, "slow", []byte("hello")); err != nil {
		t.Fatal(err)
	}
}

// What is not of the protocol changes nothing.
func TestGarbageIsIgnored(t *testing.T) {
	b := startBroker(t)
	d, err := socket.NewDealer()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Connect(b.Endpoint()); err != nil {
		t.Fatal(err)
	}
	for _, m := range [][]string{
		{"x"},
		{"", "MDPC01"},
		{"", "MDPC01", "service"},
		{"", "MDPW01"},
		{"x", "MDPC01", "service", "body"},
		{"", "MDPX01", "a", "b"},
		{"", "MDPW01", "\x01"},
		{"", "MDPW01", "\x01", "mmi.mine"},
		{"", "MDPW01", "\x03"},
	} {
		frames := make(socket.Message, len(m))
		for i, f := range m {
			frames[i] = []byte(f)
		}
		if err := d.Send(t.Context(), frames...); err != nil {
			t.Fatal(err)
		}
	}
	c, err := NewClient(b.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m, err := c.Request(ctx, "mmi.service", []byte("mmi.mine"))
	if err != nil || string(m[0]) != "404" {
		t.Fatalf("%v, %v", m, err)
	}
}
