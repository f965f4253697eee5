package report

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Environment is what the numbers depend on beside the code.
type Environment struct {
	Date     string            `json:"date"`    // RFC 3339, at the start
	Command  string            `json:"command"` // as typed in interop/bench
	Commit   string            `json:"commit"`  // of the project; -dirty: with changes that are not committed
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	System   string            `json:"system"` // GOOS/GOARCH
	Kernel   string            `json:"kernel"`
	Memory   string            `json:"memory"`
	Load     string            `json:"load"` // averages of 1, 5 and 15 minutes, at the start
	Go       string            `json:"go"`
	Compiler string            `json:"compiler"` // of C
	Versions map[string]string `json:"versions"` // of the libraries
}

// Look returns the environment of this process, started by command. What this
// machine does not tell stays empty.
func Look(ctx context.Context, command string, now time.Time) Environment {
	return Environment{
		Date:     now.Format(time.RFC3339),
		Command:  command,
		Commit:   output(ctx, "git", "describe", "--always", "--tags", "--dirty", "--abbrev=12"),
		CPU:      field("/proc/cpuinfo", "model name"),
		Cores:    runtime.NumCPU(),
		System:   runtime.GOOS + "/" + runtime.GOARCH,
		Kernel:   firstLine("/proc/sys/kernel/osrelease"),
		Memory:   field("/proc/meminfo", "MemTotal"),
		Load:     firstWords("/proc/loadavg", 3),
		Go:       output(ctx, "go", "env", "GOVERSION"),
		Compiler: firstOf(output(ctx, "cc", "--version")),
	}
}

// output returns what a program prints, or nothing if it fails.
func output(ctx context.Context, program string, args ...string) string {
	text, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// firstOf returns the first line of a text.
func firstOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// firstLine returns the first line of a file, or nothing.
func firstLine(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return firstOf(string(text))
}

// firstWords returns the first n words of a file.
func firstWords(name string, n int) string {
	words := strings.Fields(firstLine(name))
	return strings.Join(words[:min(n, len(words))], " ")
}

// field returns the value of the first line "key : value" of a file.
func field(name, key string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		k, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
