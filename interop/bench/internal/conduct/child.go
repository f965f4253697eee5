package conduct

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// farewell is how long a child may take to end after it was told to.
const farewell = 5 * time.Second

// child is a running process that speaks the control protocol: one line a
// command on its standard input, one line an answer on its standard output. It
// ends when its input does, and so with the conductor, whatever becomes of it.
// Its methods are for one goroutine.
type child struct {
	role   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr *words
	lines  chan string       // what it prints; closed when it has closed its output
	quit   chan struct{}     // closed when lines are not read any more
	said   map[string]string // events that came while another was waited for
}

// gone is the error of a child that has ended although nobody told it to.
type gone struct{ child *child }

// Error names the child; why it ended is known when it was waited for.
func (g *gone) Error() string { return g.child.role + ": ended by itself" }

// start starts a program. When the child closes its output, ended is called.
// The child must be ended with stop or kill.
func start(role, program string, flags []string, ended func(error)) (*child, error) {
	cmd := exec.Command(program, flags...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &child{
		role: role, cmd: cmd, stdin: stdin, stderr: &words{},
		lines: make(chan string), quit: make(chan struct{}), said: map[string]string{},
	}
	cmd.Stderr = c.stderr
	cmd.WaitDelay = farewell
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go c.read(stdout, ended)
	return c, nil
}

// read passes on the lines of the child until it closes its output.
func (c *child) read(stdout io.Reader, ended func(error)) {
	defer close(c.lines)
	r := bufio.NewReader(stdout)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			ended(&gone{c})
			return
		}
		select {
		case c.lines <- strings.TrimSuffix(line, "\n"):
		case <-c.quit:
			return
		}
	}
}

// say sends a command.
func (c *child) say(command string) error {
	if _, err := io.WriteString(c.stdin, command+"\n"); err != nil {
		return &gone{c}
	}
	return nil
}

// await waits for an event, such as warm, and returns what stands behind it. An
// event that comes only once may have come before.
func (c *child) await(ctx context.Context, event string) (string, error) {
	for {
		if rest, ok := c.said[event]; ok {
			return rest, nil
		}
		line, err := c.next(ctx)
		if err != nil {
			return "", fmt.Errorf("%s: not %s: %w", c.role, event, err)
		}
		c.note(line)
	}
}

// measure tells the child to measure and waits for its numbers.
func (c *child) measure(ctx context.Context, command string) (*Measure, error) {
	if err := c.say(command); err != nil {
		return nil, err
	}
	for {
		line, err := c.next(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: no numbers: %w", c.role, err)
		}
		if !strings.HasPrefix(line, "{") {
			c.note(line)
			continue
		}
		m := &Measure{}
		if err := json.Unmarshal([]byte(line), m); err != nil {
			return nil, fmt.Errorf("%s: numbers that cannot be read: %w", c.role, err)
		}
		return m, nil
	}
}

// note remembers an event.
func (c *child) note(line string) {
	word, rest, _ := strings.Cut(line, " ")
	c.said[word] = rest
}

// next returns the child's next line.
func (c *child) next(ctx context.Context) (string, error) {
	select {
	case line, ok := <-c.lines:
		if !ok {
			return "", &gone{c}
		}
		return line, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// errStuck is the end of a child that had to be killed.
var errStuck = errors.New("did not end when told to, and was killed")

// wait closes the child's input and waits until it has ended, killing it when
// that takes too long. It returns nil if the child ended in peace. Calling it
// again does nothing and returns the child's exit status.
func (c *child) wait() error {
	if state := c.cmd.ProcessState; state != nil {
		if state.Success() {
			return nil
		}
		return &exec.ExitError{ProcessState: state}
	}
	c.stdin.Close() // it may be broken already; what matters is that the child ends
	close(c.quit)
	timer := time.AfterFunc(farewell, func() {
		c.cmd.Process.Kill() //nolint:errcheck // it ended in this very moment
	})
	err := c.cmd.Wait()
	if !timer.Stop() {
		return errStuck
	}
	return err
}

// because waits for a child that has failed and returns why.
func (c *child) because() error {
	status := c.wait()
	if last := c.stderr.last(); last != "" {
		return fmt.Errorf("%s: %s", c.role, last)
	}
	if status != nil {
		return fmt.Errorf("%s: %w", c.role, status)
	}
	return &gone{c}
}

// stop tells the child to end and waits for it. It is an error if it does not
// end by itself and in peace.
func (c *child) stop() error {
	if err := c.say("stop"); err != nil {
		return c.because()
	}
	switch err := c.wait(); {
	case err == nil:
		return nil
	case errors.Is(err, errStuck):
		return fmt.Errorf("%s: %w", c.role, err)
	default:
		return c.because()
	}
}

// kill ends the child at once, if it has not ended yet.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		c.cmd.Process.Kill() //nolint:errcheck // it ended in this very moment
		c.wait()             //nolint:errcheck // it was killed
	}
}
