package peer

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrMissing says that what a peer needs is not installed on this machine. The
// error that wraps it names the command that installs it.
var ErrMissing = errors.New("peer: not installed")

// missing is an ErrMissing.
func missing(what, install string, err error) error {
	return fmt.Errorf("%w: %s: %s (%w)", ErrMissing, what, install, err)
}

// interpreter is the Python that Debian's python3-zmq belongs to. Another one
// that comes first in PATH would not find it.
const interpreter = "/usr/bin/python3"

//go:embed peer.py
var script string

// Start starts a process with sockets of libzmq, through pyzmq, and waits until it
// serves requests, or until ctx is done. The error matches ErrMissing if this
// machine has no libzmq for Python. The caller ends the process with Close.
func Start(ctx context.Context) (*Peer, error) {
	if err := exec.CommandContext(ctx, interpreter, "-c", "import zmq").Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, missing("libzmq for "+interpreter, "apt-get install python3-zmq", err)
	}
	return start(exec.Command(interpreter, "-u", "-c", script))
}

// StartNode is Start for sockets of zeromq.js, which brings a libzmq of its own
// with the draft socket types.
func StartNode(ctx context.Context) (*Peer, error) {
	dir, err := folder("node")
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("node"); err != nil {
		return nil, missing("Node.js", "apt-get install npm", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "zeromq")); err != nil {
		return nil, missing("zeromq.js", "npm ci --prefix interop/peer/node --ignore-scripts", err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return start(exec.Command("node", filepath.Join(dir, "peer.js")))
}

// jeromqJar is where Debian's libjeromq-java has JeroMQ.
const jeromqJar = "/usr/share/java/jeromq.jar"

// StartJeroMQ is Start for sockets of JeroMQ, which is ZeroMQ in Java. Debian has
// one that speaks ZMTP 2.0, knows no ipc, and tells no events of a handshake.
func StartJeroMQ(ctx context.Context) (*Peer, error) {
	const install = "apt-get install libjeromq-java default-jdk-headless"
	dir, err := folder("jeromq")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(jeromqJar); err != nil {
		return nil, missing("JeroMQ", install, err)
	}
	for _, tool := range []string{"java", "javac"} { // a runtime alone cannot run a source file
		if _, err := exec.LookPath(tool); err != nil {
			return nil, missing("Java", install, err)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return start(exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", jeromqJar, filepath.Join(dir, "Peer.java")))
}

// folder returns the path of one of this package's folders, which the working
// directory has to be in the same module as.
func folder(name string) (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("peer: %w", err)
	}
	for dir := at; ; dir = filepath.Dir(dir) {
		found := filepath.Join(dir, "interop", "peer", name)
		if _, err := os.Stat(found); err == nil {
			return found, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("peer: no interop/peer/%s above %s", name, at)
		}
	}
}
