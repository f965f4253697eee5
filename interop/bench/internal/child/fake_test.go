package child_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/bench/internal/child"
)

var errClosed = errors.New("the fake is closed")

// fake is a library in memory: one endpoint, and queues.
type fake struct {
	quit  chan struct{} // ends all that waits
	there chan []byte   // messages of one frame, for who bound
	back  chan []byte   // and for who connected
	stall time.Duration // how long the first echo takes

	mu   sync.Mutex
	subs []*fakeSub
}

func newFake(t *testing.T) *fake {
	f := &fake{quit: make(chan struct{}), there: make(chan []byte, 100), back: make(chan []byte, 100)}
	t.Cleanup(func() { close(f.quit) })
	return f
}

// open implements child.Opener.
func (f *fake) open(_ *child.Config, kind child.Kind) (child.Socket, error) {
	switch kind {
	case child.Pull, child.Rep, child.Router:
		return &fakeSocket{f, f.there, f.back}, nil
	case child.Push, child.Req, child.Dealer:
		return &fakeSocket{f, f.back, f.there}, nil
	case child.Pub:
		return &fakePub{f}, nil
	case child.Sub:
		return &fakeSub{fake: f, queue: make(chan []byte, 10)}, nil
	}
	return nil, errors.New("no such socket")
}

func (f *fake) Bind(string) (string, error) { return "inproc://fake", nil }

func (f *fake) Connect(endpoint string) error {
	if endpoint != "inproc://fake" {
		return fmt.Errorf("nobody bound %q", endpoint)
	}
	return nil
}

// send queues a copy of the frames.
func (f *fake) send(queue chan<- []byte, frames [][]byte) error {
	select {
	case queue <- bytes.Join(frames, nil):
		return nil
	case <-f.quit:
		return errClosed
	}
}

func (f *fake) recv(queue <-chan []byte) ([]byte, int, error) {
	select {
	case m := <-queue:
		return m, len(m), nil
	case <-f.quit:
		return nil, 0, errClosed
	}
}

type fakeSocket struct {
	*fake
	in, out chan []byte
}

func (s *fakeSocket) Send(frames [][]byte) error { return s.send(s.out, frames) }

func (s *fakeSocket) Recv() ([]byte, int, error) { return s.recv(s.in) }

func (s *fakeSocket) Echo() error {
	m, _, err := s.Recv()
	if err != nil {
		return err
	}
	if s.stall > 0 {
		<-time.After(s.stall)
		s.stall = 0
	}
	return s.Send([][]byte{m})
}

type fakePub struct{ *fake }

// Send waits for slow subscribers, unlike a real PUB: nothing is dropped.
func (p *fakePub) Send(frames [][]byte) error {
	p.mu.Lock()
	subs := p.subs
	p.mu.Unlock()
	for _, s := range subs {
		if s.topics[string(frames[0][:8])] {
			if err := p.send(s.queue, frames); err != nil {
				return err
			}
		}
	}
	return nil
}

type fakeSub struct {
	*fake
	topics map[string]bool
	queue  chan []byte
}

func (s *fakeSub) Subscribe(topics []string) error {
	s.topics = make(map[string]bool)
	for _, t := range topics {
		s.topics[t] = true
	}
	return nil
}

func (s *fakeSub) Connect(endpoint string) error {
	s.mu.Lock()
	s.subs = append(s.subs, s)
	s.mu.Unlock()
	return s.fake.Connect(endpoint)
}

func (s *fakeSub) Recv() ([]byte, int, error) { return s.recv(s.queue) }

// process is a child under test.
type process struct {
	t     *testing.T
	in    *io.PipeWriter
	lines chan string
	end   chan error // what Run returned, once
}

// start runs a child. Its input ends with the test.
func start(t *testing.T, open child.Opener, args ...string) *process {
	t.Helper()
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	p := &process{t: t, in: stdin, lines: make(chan string, 100), end: make(chan error, 1)}
	go func() {
		p.end <- child.Run(open, args, in, out)
		in.Close()
		out.Close()
	}()
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() { stdin.Close() })
	return p
}

// say gives the child a line.
func (p *process) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
}

// await returns the rest of the child's next line, which begins with a word.
func (p *process) await(word string) string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		rest, found := strings.CutPrefix(line, word)
		if !ok || !found {
			p.t.Fatalf("the child wrote %q, want %s", line, word)
		}
		return strings.TrimSpace(rest)
	case <-time.After(10 * time.Second):
		p.t.Fatalf("the child did not write %s", word)
	}
	return ""
}

// ended returns what Run returned.
func (p *process) ended() error {
	p.t.Helper()
	select {
	case err := <-p.end:
		return err
	case <-time.After(10 * time.Second):
		p.t.Fatal("the child did not end")
	}
	return nil
}
