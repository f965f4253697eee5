package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/bench/internal/conduct"
	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// results has numbers of a few workloads, one that has failed, and some of a
// workload that no plan knows any more.
func results() *Results {
	r := &Results{
		Environment: Environment{
			Date: "2026-01-02T03:04:05Z", Command: "go run . -all", Commit: "abc-dirty", CPU: "Chip", Cores: 2,
			Versions: map[string]string{"libzmq": "4.3.4"},
		},
		Settings: conduct.Settings{Warm: time.Second, Window: time.Second, Limit: time.Minute},
		Runs:     2,
	}
	for run := 1; run <= 2; run++ {
		for _, w := range []string{"throughput/tcp/16", "throughput/tcp/100", "curve/throughput/tcp/16", "growth/depth/10", "growth/depth/100", "forgotten/1"} {
			r.Samples = append(r.Samples, pushed(w, plan.Brokerless, run, 3e6), pushed(w, plan.Libzmq, run, 1e6))
		}
		latencies := make([]uint64, 1000)
		for i := range latencies {
			latencies[i] = uint64(40_000 + 100*i)
		}
		r.Samples = append(r.Samples,
			asked("latency/reqrep/tcp", plan.Brokerless, run, latencies...),
			asked("latency/reqrep/tcp", plan.Libzmq, run, latencies...),
			asked("curve/latency/reqrep/tcp", plan.Brokerless, run, latencies...),
			asked("curve/latency/reqrep/tcp", plan.Libzmq, run, latencies...),
			failedSample("throughput/tcp/16", "gozeromq", run, "push: not\nready: time-out | after 1m0s"))
	}
	return r
}

func TestResultsAreReadAsTheyWereWritten(t *testing.T) {
	var b bytes.Buffer
	if err := results().Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	got, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if want := results(); !reflect.DeepEqual(got, want) {
		t.Errorf("read:\n%+v\nwant:\n%+v", got, want)
	}
	if lines := strings.Count(text, "\n    {\"workload\""); lines != len(got.Samples) {
		t.Errorf("%d lines with a sample, want %d", lines, len(got.Samples))
	}
}

func TestReadWithoutSamples(t *testing.T) {
	if _, err := Read(strings.NewReader(`{"runs":5,"samples":[]}`)); err == nil {
		t.Error("no error")
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := Markdown(&b, results(), true); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"go run . -all\n", "| brokerless | abc-dirty |", "| libzmq | 4.3.4 |",
		"| `throughput/tcp/16` |  | rate | ≥ 2.50x | met | 3.00x (3.00x – 3.00x) |",
		"| `latency/reqrep/tcp` |  | p50 | ≤ 0.50x | **missed** | 1.00x (1.00x – 1.00x) |",
		"| `throughput/tcp/16` | 3.00 M | 1.00 M | failed [1] |",
		"1. `throughput/tcp/16`, go-zeromq/zmq4: push: not ready: time-out \\| after 1m0s (2 of 2 runs)",
		"| `throughput/tcp/100` | 3.00 M | 1.00 M | – |",
		"![Throughput by size](throughput.svg)",
		"| `curve/throughput/tcp/16` |  | rate | ≥ 1.00x | met | 3.00x (3.00x – 3.00x) |",
		"| `curve/latency/reqrep/tcp` | brokerless | 89.6 µs |",
		"![Throughput by size under CURVE](curve.svg)",
		"| go-zeromq/zmq4 | has no CURVE | `curve/throughput/tcp/16`",
		"| go-zeromq/zmq4 | growth is compared with libzmq alone |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "forgotten") || strings.Contains(text, "NaN") {
		t.Errorf("what should not be there is in\n%s", text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") && !strings.HasSuffix(line, "|\n") {
			t.Errorf("a row is broken: %q", line)
		}
	}
}

func TestFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	if err := results().WriteFolder(folder); err != nil {
		t.Fatal(err)
	}
	read := func() map[string]string {
		files := map[string]string{}
		names, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(folder, name.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files[name.Name()] = string(text)
		}
		return files
	}
	before := read()
	for _, name := range []string{"results.json", "results.md", "throughput.svg", "latency-reqrep.svg", "growth.svg"} {
		if before[name] == "" {
			t.Errorf("%s is missing or empty", name)
		}
	}
	if err := os.Remove(filepath.Join(folder, "results.md")); err != nil {
		t.Fatal(err)
	}
	if err := Rewrite(folder); err != nil {
		t.Fatal(err)
	}
	if after := read(); !reflect.DeepEqual(before, after) {
		t.Error("written again, the files differ")
	}
}

func TestPlotsAreSVG(t *testing.T) {
	images := Plots(results())
	if len(images) != 4 {
		t.Errorf("%d plots, want those of throughput, CURVE, latency and growth", len(images))
	}
	for _, image := range images {
		var b bytes.Buffer
		if _, err := image.Page.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(&b); ; {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s is not XML: %v", image.Name, err)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{thousands(0.5), "0.500"},
		{thousands(999.4), "999"},
		{thousands(999.6), "1.00 k"},
		{thousands(34_560_000), "34.6 M"},
		{thousands(2e9), "2.00 G"},
		{value(plan.CPU, 1690), "1690 s"},
		{value(plan.CPU, 0.0934), "0.093 s"},
		{duration(716), "716 ns"},
		{duration(41_234), "41.2 µs"},
		{duration(338_000), "338 µs"},
		{duration(2_184_000), "2.18 ms"},
		{octets(12), "12 B"},
		{octets(-2048), "-2.0 KiB"},
		{octets(16 << 10), "16.0 KiB"},
		{octets(250 << 20), "250 MiB"},
		{times(2.456), "2.46x"},
		{times(12.34), "12.3x"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
