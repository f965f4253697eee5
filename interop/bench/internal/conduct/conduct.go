// Package conduct runs the workloads of package plan: it builds the children,
// starts them, leads them through a workload by the control protocol and
// collects what they measured.
package conduct

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// maxTimeouts is after how many runs in which a cell timed out it is not tried
// again: each costs as much time as a hundred cells that work.
const maxTimeouts = 2

// Conductor takes samples.
type Conductor struct {
	Programs        *Programs
	Workloads       []plan.Workload
	Implementations []plan.Implementation
	Settings        Settings
	Runs            int
	Folder          string       // for what the samples put into the file system
	Report          func(Sample) // called with each sample once it is taken
}

// Run takes all samples: in each run all workloads, and for each workload all
// implementations one directly after the other, so that those that are compared
// met the same machine. Who is first changes from run to run. It returns what
// was sampled until ctx was done.
func (c *Conductor) Run(ctx context.Context) []Sample {
	var samples []Sample
	timeouts := map[[2]string]int{}
	for run := range c.Runs {
		for _, w := range c.Workloads {
			for _, i := range rotate(c.Implementations, run) {
				if w.Absent(i.Name) != "" {
					continue
				}
				s := Sample{Failure: "not tried again after time-outs"}
				key := [2]string{w.Name, i.Name}
				if timeouts[key] < maxTimeouts {
					var err error
					s, err = c.sample(ctx, w, i, strconv.Itoa(len(samples)))
					if ctx.Err() != nil {
						return samples
					}
					if err != nil {
						s = Sample{Failure: err.Error()}
					}
					if errors.Is(err, errTimeout) {
						timeouts[key]++
					}
				}
				s.Workload, s.Implementation, s.Run = w.Name, i.Name, run+1
				samples = append(samples, s)
				c.Report(s)
			}
		}
	}
	return samples
}

// sample takes one sample in a folder of its own.
func (c *Conductor) sample(ctx context.Context, w plan.Workload, i plan.Implementation, name string) (Sample, error) {
	if err := c.Programs.Failure(i); err != nil {
		return Sample{}, err
	}
	folder := filepath.Join(c.Folder, name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return Sample{}, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // it lies in a folder that is removed at the end
	return take(ctx, c.Programs.path(i.Program), i.Flags, w, c.Settings, folder)
}

// rotate returns list beginning with its element n, and going on from the
// front at its end.
func rotate(list []plan.Implementation, n int) []plan.Implementation {
	if len(list) == 0 {
		return nil
	}
	n %= len(list)
	return slices.Concat(list[n:], list[:n])
}
