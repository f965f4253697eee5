package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// all runs the whole pipeline, each part in a process of its own, until the
// sink has come to its verdict.
func all(ctx context.Context, o options) error {
	var parts sync.WaitGroup
	defer parts.Wait()
	ctx, end := context.WithCancel(ctx)
	defer end()

	items, size := strconv.Itoa(o.items), strconv.Itoa(o.size)
	ventilator, err := start(ctx, &parts, "ventilator",
		"-role", "ventilator", "-items", items, "-size", size, "-workers", strconv.Itoa(o.workers))
	if err != nil {
		return err
	}
	connect, err := ventilator.listening()
	if err != nil {
		return err
	}
	sink, err := start(ctx, &parts, "sink",
		"-role", "sink", "-items", items, "-patience", o.patience.String())
	if err != nil {
		return err
	}
	results, err := sink.listening()
	if err != nil {
		return err
	}
	for i := range o.workers {
		name := fmt.Sprintf("worker %d", i+1)
		if _, err := start(ctx, &parts, name,
			"-role", "worker", "-name", name, "-connect", connect, "-results", results); err != nil {
			return err
		}
	}
	<-sink.ended
	return sink.err
}

// A process is one part of the pipeline: this program, run again.
type process struct {
	name     string
	endpoint chan string   // gets what it listens on, if it does
	ended    chan struct{} // closed at its end
	err      error         // why it ended, once it has
}

// start runs a part, prints what it prints, and counts it in parts until it
// ends. When ctx is done its standard input ends, and so should it; 5 s later
// it is killed.
func start(ctx context.Context, parts *sync.WaitGroup, name string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append(args, "-until-eof")...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{name: name, endpoint: make(chan string, 1), ended: make(chan struct{})}
	parts.Go(func() {
		defer close(p.ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			fmt.Println(lines.Text())
			if _, endpoint, ok := strings.Cut(lines.Text(), listeningOn); ok {
				p.endpoint <- endpoint
			}
		}
		if err := cmd.Wait(); err != nil && ctx.Err() == nil {
			p.err = fmt.Errorf("the %s ended: %w", name, err)
			if name != "sink" { // which has told why, and all returns it
				fmt.Fprintln(os.Stderr, p.err)
			}
		}
	})
	return p, nil
}

// listeningOn is what comes before the endpoint in the line that announces it.
const listeningOn = " listening on "

func announce(part, endpoint string) {
	fmt.Printf("%-10s pid %d,%s%s\n", part, os.Getpid(), listeningOn, endpoint)
}

// listening returns where the part listens, once it does.
func (p *process) listening() (string, error) {
	select {
	case endpoint := <-p.endpoint:
		return endpoint, nil
	case <-p.ended:
		return "", errors.Join(fmt.Errorf("the %s never listened", p.name), p.err)
	}
}
