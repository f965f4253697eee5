// Bench measures brokerless beside libzmq in C, pebbe/zmq4, go-zeromq/zmq4,
// mangos and plain Go connections, each in processes of its own. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/brokerless/brokerless/interop/bench/internal/conduct"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
	"github.com/brokerless/brokerless/interop/bench/internal/report"
)

// options are what the command line says.
type options struct {
	all, smoke, list bool
	run, impl        string
	runs             int
	warm, window     time.Duration
	out, again       string
}

func main() {
	var o options
	flag.BoolVar(&o.all, "all", false, "measure everything, and write the results")
	flag.BoolVar(&o.smoke, "smoke", false, "look only whether everything works: one short run with small numbers")
	flag.BoolVar(&o.list, "list", false, "list the workloads and implementations")
	flag.StringVar(&o.run, "run", "", "only the workloads whose names match this `regexp`")
	flag.StringVar(&o.impl, "impl", "", "only these implementations, as in brokerless,libzmq")
	flag.IntVar(&o.runs, "runs", 5, "how often everything is measured")
	flag.DurationVar(&o.warm, "warm", 200*time.Millisecond, "time between the first message and the window")
	flag.DurationVar(&o.window, "window", 700*time.Millisecond, "time that is watched")
	flag.StringVar(&o.out, "out", "", "write results.json, results.md and plots to this `folder`\n"+
		"(with -all and no other selection: results/ and the date; otherwise the tables go to the standard output)")
	flag.StringVar(&o.again, "report", "", "measure nothing: write results.md and plots again from results.json in this `folder`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := o.do(ctx, set())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// set returns the flags that were given.
func set() map[string]bool {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return given
}

// errFailed is the end of a smoke that found something.
var errFailed = errors.New("some samples have failed")

func (o *options) do(ctx context.Context, given map[string]bool) error {
	if o.again != "" {
		return report.Rewrite(o.again)
	}
	size := plan.Full
	if o.smoke {
		size = plan.Small
		o.runs = 1
		if !given["window"] {
			o.window = 100 * time.Millisecond
		}
		if !given["warm"] {
			o.warm = 10 * time.Millisecond
		}
	}
	workloads, err := selectWorkloads(size, o.run)
	if err != nil {
		return err
	}
	implementations, err := selectImplementations(o.impl)
	if err != nil {
		return err
	}
	switch {
	case o.list:
		list(workloads, implementations)
		return nil
	case flag.NArg() > 0:
		return fmt.Errorf("%q is no flag", flag.Arg(0))
	case !o.all && !o.smoke && o.run == "" && o.impl == "":
		return errors.New("say what: -all, -smoke or -run regexp; -help for the rest")
	case o.out == "" && o.all && !o.smoke && o.run == "" && o.impl == "":
		o.out = filepath.Join("results", time.Now().Format(time.DateOnly))
	}
	return o.measure(ctx, size, workloads, implementations)
}

// measure takes all samples and writes the report.
func (o *options) measure(ctx context.Context, size plan.Size, workloads []plan.Workload, implementations []plan.Implementation) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // what is left is in the folder for what may be lost
	command := strings.Join(append([]string{"go run ."}, os.Args[1:]...), " ")
	results := &report.Results{
		Environment: report.Look(ctx, command, time.Now()),
		Settings:    conduct.Settings{Warm: o.warm, Window: o.window, Limit: time.Minute},
		Runs:        o.runs, Small: size == plan.Small,
	}
	programs := conduct.Build(ctx, ".", folder, implementations)
	if results.Environment.Versions, err = programs.Versions(ctx); err != nil {
		return err
	}
	p := newProgress(workloads, implementations, o.runs)
	conductor := conduct.Conductor{
		Programs: programs, Workloads: workloads, Implementations: implementations,
		Settings: results.Settings, Runs: o.runs, Folder: folder, Report: p.report,
	}
	results.Samples = conductor.Run(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted after %d of %d samples; nothing was written", len(results.Samples), p.total)
	}
	if err := o.write(results); err != nil {
		return err
	}
	p.end()
	if o.smoke && p.failed > 0 {
		return errFailed
	}
	return nil
}

// write writes the report where it was wanted. A smoke without a folder has
// none: only failures count.
func (o *options) write(results *report.Results) error {
	switch {
	case o.out != "":
		return results.WriteFolder(o.out)
	case o.smoke:
		return nil
	default:
		return report.Markdown(os.Stdout, results, false)
	}
}

func selectWorkloads(size plan.Size, pattern string) ([]plan.Workload, error) {
	matching, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	var list []plan.Workload
	for _, w := range plan.Workloads(size) {
		if matching.MatchString(w.Name) {
			list = append(list, w)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no workload matches %q; -list shows them", pattern)
	}
	return list, nil
}

func selectImplementations(names string) ([]plan.Implementation, error) {
	all := plan.Implementations()
	if names == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		wanted[name] = true
	}
	var list []plan.Implementation
	for _, i := range all {
		if wanted[i.Name] {
			list = append(list, i)
			delete(wanted, i.Name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("there is no implementation %q; -list shows them", name)
	}
	return list, nil
}

func list(workloads []plan.Workload, implementations []plan.Implementation) {
	for _, i := range implementations {
		fmt.Printf("%-20s %s\n", i.Name, i.Title)
	}
	fmt.Println()
	for _, w := range workloads {
		var names []string
		for _, i := range implementations {
			if w.Absent(i.Name) == "" {
				names = append(names, i.Name)
			}
		}
		fmt.Printf("%-30s %s\n", w.Name, strings.Join(names, " "))
	}
}
