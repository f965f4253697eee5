package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// listeningOn is what comes before the endpoint in the line that announces it.
const listeningOn = "listening on "

// A server is this program, run again as one.
type server struct {
	endpoint string
	pid      int
	process  *os.Process
	stdin    io.Closer
	ended    chan struct{}
	err      error // why it ended, once it has
}

func startServer(ctx context.Context, o options, bind string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", "server", "-bind", bind, "-folder", o.folder, "-takes", o.takes.String(), "-until-eof")
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	s := &server{ended: make(chan struct{})}
	if s.stdin, err = cmd.StdinPipe(); err != nil { // it ends with us, whatever happens
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.process, s.pid = cmd.Process, cmd.Process.Pid
	lines := bufio.NewScanner(stdout)
	if lines.Scan() {
		fmt.Println(lines.Text())
		_, s.endpoint, _ = strings.Cut(lines.Text(), listeningOn)
	}
	go func() {
		defer close(s.ended)
		for lines.Scan() {
			fmt.Println(lines.Text())
		}
		s.err = cmd.Wait()
	}()
	if s.endpoint == "" {
		s.kill()
		return nil, fmt.Errorf("the server did not start: %w", s.err)
	}
	return s, nil
}

// kill ends the server at once, without a chance to say goodbye.
func (s *server) kill() {
	_ = s.process.Kill() // if it has ended already, so much the better
	<-s.ended
}

// leave asks the server to end, and waits until it has.
func (s *server) leave() error {
	s.stdin.Close()
	<-s.ended
	return s.err
}

// servers are some that were started, or not yet.
type servers []*server

func (all servers) kill() {
	for _, s := range all {
		if s != nil {
			s.kill()
		}
	}
}
