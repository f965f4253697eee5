package lan

import (
	"errors"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A process is a guest on a host: this test binary, once more, with its
// methods called over its standard input and output, one JSON object a line.
type process struct {
	cmd    *exec.Cmd
	client *rpc.Client
	ended  chan struct{} // closed when it was waited for
}

// start starts a guest on the host. It is killed when the test ends.
func (h *host) start(t testing.TB) *process {
	t.Helper()
	return startGuest(t, h.command(os.Args[0]))
}

func startGuest(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	cmd.Env = append(os.Environ(), guestEnv+"=1")
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	p := &process{
		cmd:    cmd,
		client: jsonrpc.NewClient(conversation{stdout, stdin}),
		ended:  make(chan struct{}),
	}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // how it ended is nobody's error
	}()
	t.Cleanup(func() { p.kill(t) })
	return p
}

// conversation is both ends of a process as one.
type conversation struct {
	io.Reader
	io.WriteCloser
}

// call calls a method of the guest.
func (p *process) call(t testing.TB, method string, args, reply any) {
	t.Helper()
	if err := p.try(method, args, reply); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// try is call for those who expect an error.
func (p *process) try(method string, args, reply any) error {
	if reply == nil {
		reply = new(struct{})
	}
	if args == nil {
		args = struct{}{}
	}
	call := p.client.Go("Guest."+method, args, reply, make(chan *rpc.Call, 1))
	timeout := time.NewTimer(4 * patience)
	defer timeout.Stop()
	select {
	case <-call.Done:
		return call.Error
	case <-timeout.C:
		return errors.New("no answer")
	}
}

// kill ends the process at once, as a crash would (SIGKILL), and waits until it
// has ended. Again does nothing.
func (p *process) kill(t testing.TB) {
	t.Helper()
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.ended
	_ = p.client.Close()
}
