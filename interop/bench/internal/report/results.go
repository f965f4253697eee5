// Package report turns samples into what people read: results.json with
// everything, results.md with tables, and plots.
package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/brokerless/brokerless/interop/bench/internal/conduct"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// Results is everything that came of one call of the bench.
type Results struct {
	Environment Environment      `json:"environment"`
	Settings    conduct.Settings `json:"settings"`
	Runs        int              `json:"runs"`
	Small       bool             `json:"small,omitempty"` // a smoke: its numbers mean nothing
	Samples     []conduct.Sample `json:"samples"`
}

// Write writes the results as JSON, with each sample in a line of its own.
func (r *Results) Write(w io.Writer) error {
	head := *r
	head.Samples = nil
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	const end = "null\n}" // of the samples that head does not have
	var b bytes.Buffer
	b.Write(text[:len(text)-len(end)])
	b.WriteString("[")
	for i := range r.Samples {
		line, err := json.Marshal(&r.Samples[i])
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n    ")
		b.Write(line)
	}
	b.WriteString("\n  ]\n}\n")
	_, err = b.WriteTo(w)
	return err
}

// Read reads what Write has written.
func Read(r io.Reader) (*Results, error) {
	results := &Results{}
	if err := json.NewDecoder(r).Decode(results); err != nil {
		return nil, err
	}
	if len(results.Samples) == 0 {
		return nil, errors.New("there are no samples")
	}
	return results, nil
}

// Workloads returns the workloads that the results have samples of, in the
// order of the plan.
func (r *Results) Workloads() []plan.Workload {
	size := plan.Full
	if r.Small {
		size = plan.Small
	}
	present := map[string]bool{}
	for i := range r.Samples {
		present[r.Samples[i].Workload] = true
	}
	var list []plan.Workload
	for _, w := range plan.Workloads(size) {
		if present[w.Name] {
			list = append(list, w)
		}
	}
	return list
}

// Implementations returns those that the results have samples of, in the order
// of the plan.
func (r *Results) Implementations() []plan.Implementation {
	present := map[string]bool{}
	for i := range r.Samples {
		present[r.Samples[i].Implementation] = true
	}
	var list []plan.Implementation
	for _, i := range plan.Implementations() {
		if present[i.Name] {
			list = append(list, i)
		}
	}
	return list
}
