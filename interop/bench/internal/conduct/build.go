package conduct

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/brokerless/brokerless/interop/bench/internal/plan"
)

// Programs are the children of all implementations, as they were built.
type Programs struct {
	folder   string
	failures map[string]error // of programs that could not be built
}

// Build builds the programs of these implementations into folder, from the
// source tree of package main in module. One that cannot be built is no error:
// its samples will have failed.
func Build(ctx context.Context, module, folder string, implementations []plan.Implementation) *Programs {
	p := &Programs{folder: folder, failures: map[string]error{}}
	done := map[string]bool{}
	for _, i := range implementations {
		if done[i.Program] {
			continue
		}
		done[i.Program] = true
		if err := p.build(ctx, module, i.Program); err != nil {
			p.failures[i.Program] = err
		}
	}
	return p
}

func (p *Programs) build(ctx context.Context, module, program string) error {
	var cmd *exec.Cmd
	switch program {
	case plan.Libzmq:
		sources, err := filepath.Glob(filepath.Join(module, "libzmq", "*.c"))
		if err != nil {
			return err
		}
		if len(sources) == 0 {
			return errors.New("libzmq/*.c is missing: run it in interop/bench")
		}
		args := append([]string{"-O2", "-o", p.path(program)}, sources...)
		cmd = exec.CommandContext(ctx, "cc", append(args, "-lzmq", "-lpthread")...)
	default:
		cmd = exec.CommandContext(ctx, "go", "build", "-o", p.path(program), "./cmd/"+program)
		cgo := "CGO_ENABLED=0"
		if program == "pebbe" { // a binding of libzmq
			cgo = "CGO_ENABLED=1"
		}
		cmd.Env = append(os.Environ(), cgo)
	}
	cmd.Dir = module
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("does not build: %w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

func (p *Programs) path(program string) string { return filepath.Join(p.folder, program) }

// Failure returns why there is no program for an implementation, or nil.
func (p *Programs) Failure(i plan.Implementation) error { return p.failures[i.Program] }

// Versions returns what the programs are made of: each library, and the Go that
// built it.
func (p *Programs) Versions(ctx context.Context) (map[string]string, error) {
	versions := map[string]string{}
	libraries := map[string]string{
		"pebbe": "github.com/pebbe/zmq4", "gozeromq": "github.com/go-zeromq/zmq4", "mangos": "go.nanomsg.org/mangos/v3",
	}
	for program, path := range libraries {
		if _, err := os.Stat(p.path(program)); err != nil {
			continue // not taking part
		}
		info, err := buildinfo.ReadFile(p.path(program))
		if err != nil {
			return nil, err
		}
		for _, m := range info.Deps {
			if m.Path == path {
				versions[path] = m.Version
			}
		}
	}
	if _, err := os.Stat(p.path(plan.Libzmq)); err == nil {
		output, err := exec.CommandContext(ctx, p.path(plan.Libzmq), "-version").Output()
		if err != nil {
			return nil, fmt.Errorf("the version of libzmq: %w", err)
		}
		versions["libzmq"] = strings.TrimSpace(string(output))
	}
	return versions, nil
}
