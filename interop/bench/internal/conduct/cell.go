package conduct

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// Settings are the times of a run.
type Settings struct {
	Warm   time.Duration `json:"warm_ns"`   // from the first message to the mark
	Window time.Duration `json:"window_ns"` // from the mark to the numbers
	Limit  time.Duration `json:"limit_ns"`  // for one sample in all, or it has failed
}

// errTimeout is the end of a sample that took longer than its limit.
var errTimeout = errors.New("time-out")

// errStill is the failure of a receiver that received nothing.
var errStill = errors.New("nothing arrived in the window")

// cell is one sample while it is being taken.
type cell struct {
	workload plan.Workload
	settings Settings
	plan     []plan.Process
	children []*child
}

// take takes one sample of a workload. The endpoint of an ipc transport lies in
// folder, which is the sample's own. Whatever happens, no child is left.
func take(ctx context.Context, program string, flags []string, w plan.Workload, settings Settings, folder string) (Sample, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, settings.Limit, fmt.Errorf("%w after %v", errTimeout, settings.Limit))
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	c := &cell{workload: w, settings: settings, plan: w.Processes()}
	defer func() {
		for _, child := range c.children {
			child.kill()
		}
	}()
	err := c.start(ctx, abort, program, flags, folder)
	if err != nil {
		return Sample{}, first(ctx, err)
	}
	sample, err := c.run(ctx)
	if err != nil {
		return Sample{}, first(ctx, err)
	}
	return sample, c.stop()
}

// first returns why a sample failed with err. When a child ends by itself,
// others follow, and waiting for them fails; the one that was first knows why.
func first(ctx context.Context, err error) error {
	var g *gone
	if errors.As(context.Cause(ctx), &g) || errors.As(err, &g) {
		return g.child.because()
	}
	return err
}

// start starts all processes and waits until each is ready. One that ends by
// itself aborts the sample.
func (c *cell) start(ctx context.Context, abort func(error), program string, flags []string, folder string) error {
	endpoint := ""
	switch c.workload.Transport {
	case "ipc":
		endpoint = "ipc://" + filepath.Join(folder, "socket")
	case "inproc":
		endpoint = "inproc://bench"
	}
	for i, p := range c.plan {
		all := slices.Concat(p.Flags, flags)
		if endpoint != "" {
			all = append(all, "-endpoint", endpoint)
		}
		child, err := start(strings.Join(p.Roles, ","), program, all, abort)
		if err != nil {
			return err
		}
		c.children = append(c.children, child)
		bound, err := child.await(ctx, "ready")
		if err != nil {
			return err
		}
		if i == 0 {
			endpoint = bound
		}
	}
	return nil
}

func (c *cell) run(ctx context.Context) (Sample, error) {
	switch c.workload.Kind {
	case plan.Connect:
		return c.connect(ctx)
	case plan.Idle:
		return c.idle(ctx)
	default:
		return c.window(ctx)
	}
}

// window watches a steady flow for a while.
func (c *cell) window(ctx context.Context) (Sample, error) {
	if err := c.tell("begin"); err != nil {
		return Sample{}, err
	}
	if err := c.await(ctx, "warm"); err != nil {
		return Sample{}, err
	}
	if err := pause(ctx, c.settings.Warm); err != nil {
		return Sample{}, err
	}
	if err := c.tell("mark"); err != nil {
		return Sample{}, err
	}
	for wait := c.settings.Window; ; {
		if err := pause(ctx, wait); err != nil {
			return Sample{}, err
		}
		var s Sample
		var err error
		if s.Processes, err = c.measure(ctx, "measure"); err != nil {
			return Sample{}, err
		}
		// A process that is busy with hundreds of connections may hear of the
		// mark late, and then has not watched for long enough yet.
		receiver := s.Receiver(c.workload)
		if wait = c.settings.Window - time.Duration(receiver.NS); wait > c.settings.Window/10 {
			continue
		}
		if receiver.Count <= 0 {
			return Sample{}, errStill
		}
		return s, nil
	}
}

// connect times how long it takes until each of many sockets has delivered a
// message.
func (c *cell) connect(ctx context.Context) (Sample, error) {
	if err := c.tell("mark"); err != nil {
		return Sample{}, err
	}
	begun := time.Now()
	if err := c.tell("begin"); err != nil {
		return Sample{}, err
	}
	if err := c.await(ctx, "done"); err != nil {
		return Sample{}, err
	}
	s := Sample{Elapsed: time.Since(begun).Nanoseconds()}
	var err error
	s.Processes, err = c.measure(ctx, "measure")
	return s, err
}

// idle looks at the memory before and after there are connections.
func (c *cell) idle(ctx context.Context) (Sample, error) {
	if err := c.tell("mark"); err != nil {
		return Sample{}, err
	}
	before, err := c.measure(ctx, "measure settle")
	if err != nil {
		return Sample{}, err
	}
	if err := c.tell("begin"); err != nil {
		return Sample{}, err
	}
	if err := c.await(ctx, "done"); err != nil {
		return Sample{}, err
	}
	// What handshakes needed is given back only when they are over on both
	// sides, and some libraries free it a moment later.
	if err := pause(ctx, c.settings.Warm); err != nil {
		return Sample{}, err
	}
	var s Sample
	if s.Processes, err = c.measure(ctx, "measure settle"); err != nil {
		return Sample{}, err
	}
	for i := range s.Processes {
		s.Processes[i].Before = &before[i].Measure
	}
	return s, nil
}

// tell sends a command to all children. Those that connect hear it last: when
// they begin, the other end is there.
func (c *cell) tell(command string) error {
	for _, child := range c.children {
		if err := child.say(command); err != nil {
			return err
		}
	}
	return nil
}

// await waits for an event of the receiving process.
func (c *cell) await(ctx context.Context, event string) error {
	receiver := c.children[0]
	if !c.workload.ReceiverBinds() {
		receiver = c.children[len(c.children)-1]
	}
	_, err := receiver.await(ctx, event)
	if errors.Is(err, errTimeout) {
		return c.soFar(ctx, receiver, err)
	}
	return err
}

// soFar adds to a time-out how much the receiver has received.
func (c *cell) soFar(ctx context.Context, receiver *child, timeout error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	m, err := receiver.measure(ctx, "measure")
	if err != nil {
		return timeout
	}
	return fmt.Errorf("%w, with %d %s", timeout, m.Count, c.workload.Unit())
}

// measure asks all children for their numbers.
func (c *cell) measure(ctx context.Context, command string) ([]Process, error) {
	list := make([]Process, 0, len(c.children))
	for _, child := range c.children {
		m, err := child.measure(ctx, command)
		if err != nil {
			return nil, err
		}
		list = append(list, Process{Roles: child.role, Measure: *m})
	}
	return list, nil
}

// stop ends all children, those that connect first, so that nobody sees a peer
// vanish that it needs.
func (c *cell) stop() error {
	for _, child := range slices.Backward(c.children) {
		if err := child.stop(); err != nil {
			return err
		}
	}
	return nil
}

// pause waits, or fails when ctx is done before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
