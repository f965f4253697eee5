package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// Markdown writes results.md. With plots it shows the images of Plots, which
// are to lie beside it.
func Markdown(w io.Writer, r *Results, plots bool) error {
	d := &document{summary: summarise(r)}
	if plots {
		d.images = Plots(r)
	}
	d.head()
	d.targets()
	for _, s := range sections() {
		d.section(s)
	}
	d.cpu()
	d.absences()
	d.everything()
	_, err := io.WriteString(w, d.String())
	return err
}

// document is results.md while it is being written.
type document struct {
	*summary
	strings.Builder
	images []Image
	notes  []string // of the section: why cells have failed
}

func (d *document) printf(format string, args ...any) { fmt.Fprintf(&d.Builder, format, args...) }

func (d *document) head() {
	e := d.Environment
	date, _, _ := strings.Cut(e.Date, "T")
	d.printf("# Results of %s\n\n", date)
	if d.Small {
		d.printf("**A smoke: it shows what works. Its numbers mean nothing.**\n\n")
	}
	d.printf("```\n%s\n```\n\n", e.Command)
	t := table{head: []string{"", ""}, left: 2}
	for _, row := range [][2]string{
		{"date", e.Date},
		{"brokerless", e.Commit},
		{"processor", fmt.Sprintf("%s, %d cores", e.CPU, e.Cores)},
		{"memory", e.Memory},
		{"system", strings.TrimSpace(e.System + ", kernel " + e.Kernel)},
		{"load before", e.Load},
		{"Go", e.Go},
		{"C compiler", e.Compiler + ", -O2"},
	} {
		t.add(row[0], row[1])
	}
	for _, name := range slices.Sorted(maps.Keys(e.Versions)) {
		t.add(name, e.Versions[name])
	}
	t.add("each sample", fmt.Sprintf("%v to warm up, %v watched, %d runs", d.Settings.Warm, d.Settings.Window, d.Runs))
	d.printf("%s", t.String())
	d.printf("Numbers are medians of the runs. Ratios were made within each run, where the implementations took turns " +
		"at a workload one directly after the other; shown is the median of these ratios, and in parentheses the least and the greatest. " +
		"What is measured, and what is not fair to whom, is in the [README](../../README.md).\n\n")
}

func (d *document) targets() {
	verdicts := d.verdicts()
	met := 0
	for _, v := range verdicts {
		if v.met {
			met++
		}
	}
	d.printf("## Targets\n\n%d of %d met. Measured is brokerless divided by libzmq unless the target says otherwise. Where plain Go "+
		"connections do not reach a target either, %.0f %% of what they reach meets it. "+
		"Throughput stands there twice: with Recv, whose messages the receiver may keep, and with RecvInto, whose messages are good until the "+
		"next one, as those of libzmq's zmq_msg_recv are.\n\n", met, len(verdicts), 100*plan.NearLimit)
	t := table{head: []string{"workload", "", "metric", "target", "", "measured"}, left: 5}
	for _, v := range verdicts {
		with := ""
		if v.by == plan.RecvInto {
			with = "RecvInto"
		}
		t.add(code(v.workload.Name), with, string(v.target.Metric), demand(v.target), v.outcome(), v.measured())
	}
	d.printf("%s", t.String())
}

func (d *document) section(s section) {
	var workloads []plan.Workload
	for _, w := range d.Workloads() {
		if s.has(w.Name) {
			workloads = append(workloads, w)
		}
	}
	if len(workloads) == 0 {
		return
	}
	d.printf("## %s\n\n%s\n\n", s.title, s.text)
	d.notes = nil
	s.table(d, workloads)
	for i, note := range d.notes {
		d.printf("%d. %s\n", i+1, note)
	}
	if len(d.notes) > 0 {
		d.printf("\n")
	}
	for _, image := range d.images {
		if image.section == s.title {
			d.printf("![%s](%s)\n\n", image.Page.Title, image.Name)
		}
	}
}

// cell writes the median of a metric. Where runs have failed it says so, and
// a note below the table says why.
func (d *document) cell(w plan.Workload, i plan.Implementation, m plan.Metric) string {
	text := middle(m, d.spread(w.Name, i.Name, m))
	if mark := d.note(w, i); mark != "" {
		text = strings.TrimPrefix(text+" "+mark, "– ")
	}
	return text
}

// beside writes the ratio of a metric to libzmq's.
func (d *document) beside(w plan.Workload, i plan.Implementation, m plan.Metric) string {
	if i.Name == plan.Libzmq {
		return "1"
	}
	return ratio(d.toLibzmq(w.Name, i.Name, m))
}

// note returns the mark of a cell that has failed, if only in some runs, and
// the empty string for one that has not.
func (d *document) note(w plan.Workload, i plan.Implementation) string {
	reason := d.failed(w.Name, i.Name)
	if reason == "" {
		return ""
	}
	note := code(w.Name) + ", " + i.Title + ": " + reason
	n := slices.Index(d.notes, note)
	if n < 0 {
		n = len(d.notes)
		d.notes = append(d.notes, note)
	}
	return fmt.Sprintf("failed [%d]", n+1)
}

// cpu writes what a message costs all processes together.
func (d *document) cpu() {
	d.printf("## Processor time\n\nSeconds of all processes together, user and system, for a million of what the workload counts.\n\n")
	d.notes = nil
	t := d.byImplementation(d.Workloads(), plan.CPU)
	d.printf("%s", t.String())
}

// absences says who did not take part in what.
func (d *document) absences() {
	t := table{head: []string{"implementation", "reason", "workloads"}, left: 3}
	for _, i := range d.Implementations() {
		var reasons []string
		groups := map[string][]string{}
		for _, w := range d.Workloads() {
			if reason := w.Absent(i.Name); reason != "" {
				if !slices.Contains(reasons, reason) {
					reasons = append(reasons, reason)
				}
				groups[reason] = append(groups[reason], code(w.Name))
			}
		}
		for _, reason := range reasons {
			t.add(i.Title, reason, strings.Join(groups[reason], " "))
		}
	}
	if len(t.rows) > 0 {
		d.printf("## Left out\n\n%s", t.String())
	}
}

// everything writes all numbers with their spread.
func (d *document) everything() {
	d.printf("## All numbers\n\n<details><summary>Each metric of each workload and implementation, with its spread</summary>\n\n")
	t := table{head: []string{
		"workload", "implementation", "metric", "runs", "median", "least", "greatest", "MB/s", "÷ libzmq",
	}, left: 3}
	order := []plan.Metric{
		plan.Rate, plan.P50, plan.P99, plan.P999, plan.CPU, plan.BinderRSS, plan.ConnectorRSS, plan.BinderEach,
		plan.ConnectorEach, plan.BinderHeap, plan.ConnectorHeap, plan.BinderTasks, plan.ConnectorTasks,
	}
	for _, w := range d.Workloads() {
		for _, i := range d.Implementations() {
			for _, m := range order {
				s := d.spread(w.Name, i.Name, m)
				if s.N == 0 {
					continue
				}
				name, megabytes := string(m), ""
				if m == plan.Rate {
					name = w.Unit() + "/s"
					megabytes = middle(plan.Megabytes, d.spread(w.Name, i.Name, plan.Megabytes))
				}
				t.add(code(w.Name), i.Title, name, fmt.Sprint(s.N), value(m, s.Median), value(m, s.Min), value(m, s.Max),
					megabytes, d.beside(w, i, m))
			}
			if reason := d.failed(w.Name, i.Name); reason != "" {
				t.add(code(w.Name), i.Title, "failed: "+reason, "", "", "", "", "", "")
			}
		}
	}
	d.printf("%s</details>\n", t.String())
}
