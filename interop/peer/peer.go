package peer

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	grace    = 20 * time.Second // for an answer, beyond the time the request itself may take
	farewell = 5 * time.Second  // for the process to end after its input did
)

// Versions is what a peer is made of.
type Versions struct {
	Library string `json:"library"` // what speaks ZMTP, as in "libzmq 4.3.4"
	Runtime string `json:"runtime"` // what it runs on, as in "pyzmq 24.0.1, Python 3.11.2"
}

// String returns the versions in one line.
func (v Versions) String() string { return fmt.Sprintf("%s (%s)", v.Library, v.Runtime) }

// Peer is a running process with sockets of another implementation in it. All
// methods are safe for concurrent use; requests are served one after the other,
// so one that waits holds up the next.
type Peer struct {
	versions Versions
	process  *os.Process
	stderr   *tail
	done     chan struct{} // closed when the process has ended and was waited for

	mu       sync.Mutex // held from a request to its answer
	stdin    io.WriteCloser
	requests chan request
	answers  chan answer
	sockets  int
	broken   error // why no more requests are served
}

// start starts a process and waits until it serves requests. The caller ends it
// with Close.
func start(cmd *exec.Cmd) (*Peer, error) {
	p := &Peer{
		stderr:   new(tail),
		done:     make(chan struct{}),
		requests: make(chan request),
		answers:  make(chan answer),
	}
	cmd.Stderr = p.stderr
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	p.process = cmd.Process
	go func() {
		defer close(p.done)
		p.converse(p.stdin, stdout) // to its end, before Wait closes stdout
		_ = cmd.Wait()              // how the process ended is nobody's error
	}()
	var v struct{ Versions }
	if _, err := p.call("versions", nil, nil, 0, &v); err != nil {
		p.Close()
		return nil, err
	}
	p.versions = v.Versions
	return p, nil
}

// Versions returns what the process is made of.
func (p *Peer) Versions() Versions { return p.versions }

// Close ends the process, at the latest after 5 s by force, and waits until it
// has ended. Its sockets are gone without their linger time. Closing again does
// nothing.
func (p *Peer) Close() {
	p.retire(errEnded)
	p.stdin.Close()
	t := time.NewTimer(farewell)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
		p.kill()
		<-p.done
	}
}

// Kill ends the process at once, in the middle of whatever it does, as a crash
// would (SIGKILL), and waits until it has ended. A request under way fails.
func (p *Peer) Kill() {
	p.kill()
	p.retire(errEnded)
	<-p.done
}

// kill ends the process by force. That fails only if it has ended already.
func (p *Peer) kill() { _ = p.process.Kill() }

// tail keeps the end of what a process complains about.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if extra := len(t.text) - most; extra > 0 {
		t.text = t.text[extra:]
	}
	return len(b), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
