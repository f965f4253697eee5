package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
)

// An actor is this program, run again as a node.
type actor struct {
	name   string
	stdin  io.WriteCloser
	heard  chan string // the lines it has printed; closed when it has ended
	ending func() error
	kill   func() // ends it at once, without a chance to say goodbye
}

func startActor(ctx context.Context, o options, name, vote string) (*actor, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", "node", "-mesh", o.mesh, "-name", name, "-realm", o.realm,
		"-interface", o.places.interfaces, fmt.Sprintf("-loopback=%t", o.loopback),
		"-suspect", o.suspect.String(), "-every", o.every.String(), "-vote", vote)
	cmd.Stderr = os.Stderr
	a := &actor{name: name, heard: make(chan string, 10000)}
	if a.stdin, err = cmd.StdinPipe(); err != nil { // it leaves when we end, whatever happens
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	a.ending = sync.OnceValue(func() error {
		for range a.heard { // to the last word
		}
		return cmd.Wait()
	})
	a.kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // if it has ended already, so much the better
		_ = a.ending()         // says that it was killed
	})
	go func() {
		defer close(a.heard)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Printf("        %s %s\n", name, lines.Text())
			a.heard <- lines.Text()
		}
	}()
	return a, nil
}

// do types a line.
func (a *actor) do(line string) error {
	_, err := io.WriteString(a.stdin, line+"\n")
	return err
}

// expect waits until the actor has printed a line for each pattern, in any
// order.
func (a *actor) expect(ctx context.Context, patterns ...string) error {
	awaited := make(map[string]*regexp.Regexp)
	for _, p := range patterns {
		awaited[p] = regexp.MustCompile(p)
	}
	for len(awaited) > 0 {
		line, err := a.line(ctx)
		if err != nil {
			return fmt.Errorf("%s was to say %q: %w", a.name, strings.Join(patterns, "; "), err)
		}
		for p, re := range awaited {
			if re.MatchString(line) {
				delete(awaited, p)
			}
		}
	}
	return nil
}

func (a *actor) line(ctx context.Context) (string, error) {
	select {
	case line, ok := <-a.heard:
		if !ok {
			return "", errors.Join(errors.New("it has ended"), a.ending())
		}
		return line, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// leave has the actor leave, and adds what it has done.
func (a *actor) leave(ctx context.Context, calls, failed *int) error {
	if err := a.stdin.Close(); err != nil {
		return err
	}
	for {
		line, err := a.line(ctx)
		if err != nil {
			return fmt.Errorf("%s was to leave: %w", a.name, err)
		}
		var c, f int
		if n, _ := fmt.Sscanf(line, "left, after %d calls of which %d failed", &c, &f); n == 2 {
			*calls, *failed = *calls+c, *failed+f
			return a.ending()
		}
	}
}
