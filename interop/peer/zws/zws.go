// Package zws runs sockets of libzmq that speak WebSocket, in a process of
// Node.js: the packaged libzmq of most systems is built without it.
package zws

import (
	"bufio"
	"context"
	_ "embed" // for the script
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

//go:embed zws.js
var script string

// ErrMissing says that there is no zeromq.js to run on this machine.
var ErrMissing = errors.New("zeromq.js is missing: npm install --ignore-scripts --prefix interop/peer/node zeromq@6.8.0")

// farewell is for the process to end after its input did.
const farewell = 5 * time.Second

// Peer is a running process. Its methods are safe for concurrent use; requests
// are served one after the other.
type Peer struct {
	Version string // of libzmq

	cmd *exec.Cmd
	mu  sync.Mutex
	in  io.WriteCloser
	out *bufio.Reader
}

// Request is what the process is asked for: an operation of the script.
type Request struct {
	Op       string         `json:"op"`
	Kind     string         `json:"kind,omitempty"`    // of open: "Push"
	Options  map[string]any `json:"options,omitempty"` // of open, as zeromq.js names them
	Socket   int            `json:"socket"`
	Endpoint string         `json:"endpoint,omitempty"`
	Topic    string         `json:"topic,omitempty"`
	Frames   [][]byte       `json:"frames,omitempty"`
	Count    int            `json:"count,omitempty"`
	Size     int            `json:"size,omitempty"`
}

// Answer is what came of it.
type Answer struct {
	Version  string   `json:"version"`
	Socket   int      `json:"socket"`
	Endpoint string   `json:"endpoint"`
	Frames   [][]byte `json:"frames"`
	Error    string   `json:"error"`
}

// Start starts a process. Modules is the folder that zeromq.js is installed in;
// those in NODE_PATH count, too. The error matches ErrMissing if there is none.
func Start(ctx context.Context, modules string) (*Peer, error) {
	modules, err := filepath.Abs(modules)
	if err != nil {
		return nil, err
	}
	path := "NODE_PATH=" + modules + string(os.PathListSeparator) + os.Getenv("NODE_PATH")
	probe := exec.CommandContext(ctx, "node", "-e", `require("zeromq")`)
	probe.Env = append(os.Environ(), path)
	if err := probe.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w (%w)", ErrMissing, err)
	}
	p := &Peer{cmd: exec.Command("node", "-e", script)}
	p.cmd.Env = append(os.Environ(), path)
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	hello, err := p.answer()
	if err != nil {
		p.Close()
		return nil, err
	}
	p.Version = hello.Version
	return p, nil
}

// Do has the process do something, and waits for the answer.
func (p *Peer) Do(r Request) (Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := json.NewEncoder(p.in).Encode(r); err != nil {
		return Answer{}, fmt.Errorf("zws %s: %w", r.Op, err)
	}
	a, err := p.answer()
	if err != nil {
		return a, fmt.Errorf("zws %s: %w", r.Op, err)
	}
	return a, nil
}

func (p *Peer) answer() (a Answer, err error) {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return a, err
	}
	if err = json.Unmarshal(line, &a); err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a, err
}

// Kill ends the process at once, with all that it had in mind.
func (p *Peer) Kill() { _ = p.cmd.Process.Kill() }

// Close ends the process, and kills it if it does not.
func (p *Peer) Close() {
	_ = p.in.Close()
	kill := time.AfterFunc(farewell, p.Kill)
	defer kill.Stop()
	_ = p.cmd.Wait() // how it ended is of no interest
}
