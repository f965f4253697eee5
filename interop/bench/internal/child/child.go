package child

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// grace is how long after a failure a child may still be told to stop. The end
// of the process at the other side is a failure to most libraries, and may come
// before the line.
const grace = time.Second

// child is a process at work.
type child struct {
	*Config
	open  Opener
	meter *meter
	begun chan struct{} // closed at "begin"
	begin func()
	warm  func() // says so, once
	fail  func(error)

	mu   sync.Mutex
	out  io.Writer
	idle []Sender // kept from being collected
}

// Main plays the roles that the flags of the process name, over the sockets that
// open makes, and returns the exit code of the process: 0 when it was told to
// stop, 1 when something failed, which it has written to standard error. It
// leaves goroutines and sockets for the end of the process.
func Main(open Opener) int {
	if err := Run(open, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, strings.ReplaceAll(err.Error(), "\n", " "))
		return 1
	}
	return 0
}

// Run is Main with its surroundings given. It returns nil when in said "stop" or
// ended.
func Run(open Opener, args []string, in io.Reader, out io.Writer) error {
	config, err := parse(args)
	if err != nil {
		return err
	}
	failures := make(chan error, 1)
	c := &child{Config: config, open: open, meter: newMeter(config), begun: make(chan struct{}), out: out}
	c.begin = sync.OnceFunc(func() { close(c.begun) })
	c.warm = sync.OnceFunc(func() { c.say("warm") })
	c.fail = func(err error) {
		select {
		case failures <- err:
		default: // there is one already
		}
	}

	quit := make(chan struct{})
	defer close(quit)
	lines := readLines(in, quit)
	go c.play()
	var failure error
	var end <-chan time.Time
	for {
		select {
		case line, ok := <-lines:
			if !ok || line == "stop" {
				return nil
			}
			if err := c.obey(line); err != nil {
				return err
			}
		case err := <-failures:
			if failure == nil {
				failure, end = err, time.After(grace)
			}
		case <-end:
			return failure
		}
	}
}

// readLines returns the lines of in. The channel is closed at its end; quit
// ends it before.
func readLines(in io.Reader, quit <-chan struct{}) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- strings.TrimSpace(s.Text()):
			case <-quit:
				return
			}
		}
	}()
	return lines
}

// play sets the roles up, says so, and lets them run.
func (c *child) play() {
	ready := "-"
	for _, name := range c.Roles {
		endpoint, err := c.start(name)
		if err != nil {
			c.fail(fmt.Errorf("%s: %w", name, err))
			return
		}
		if endpoint != "" {
			ready, c.Endpoint = endpoint, endpoint
		}
	}
	c.say("ready " + ready)
}

// start sets a role up and starts its goroutines. It returns the endpoint of one
// that binds.
func (c *child) start(name string) (endpoint string, err error) {
	switch name {
	case "pull":
		return c.pull()
	case "push":
		return "", c.push()
	case "echo":
		return c.echo()
	case "ask":
		return "", c.ask()
	case "pub":
		return c.pub()
	case "sub":
		return "", c.sub()
	}
	return "", errors.New("no such role; there are pull, push, echo, ask, pub and sub")
}

// run runs the loop of a role in a goroutine. It ends only by failing.
func (c *child) run(role string, loop func() error) {
	go func() {
		if err := loop(); err != nil {
			c.fail(fmt.Errorf("%s: %w", role, err))
		}
	}()
}

// obey does what a line says.
func (c *child) obey(line string) error {
	switch line {
	case "begin":
		c.begin()
	case "mark":
		c.meter.mark()
	case "measure settle":
		settle()
		return c.report()
	case "measure":
		return c.report()
	case "":
	default:
		return fmt.Errorf("cannot obey %q", line)
	}
	return nil
}

// report writes what was measured.
func (c *child) report() error {
	text, err := json.Marshal(c.meter.measure())
	if err != nil {
		return err
	}
	c.say(string(text))
	return nil
}

// say writes a line. Nobody is left to tell that nobody reads it: the input ends
// too then.
func (c *child) say(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintln(c.out, line) //nolint:errcheck // see above
}

// keep keeps a socket that nothing is sent on any more.
func (c *child) keep(s Sender) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, s)
}
