package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/brokerless/brokerless/socket"
)

// listeningOn is what comes before the endpoint in the line that announces it.
const listeningOn = "listening on "

// serve answers requests until ctx is done.
func serve(ctx context.Context, bind string) error {
	rep, err := socket.NewRep()
	if err != nil {
		return err
	}
	defer rep.Close()
	endpoint, err := rep.Bind(bind)
	if err != nil {
		return err
	}
	fmt.Printf("server %d is %s%s\n", os.Getpid(), listeningOn, endpoint)
	return rep.Serve(ctx, answer)
}

// answer answers one request, "square" and a number, with "ok", its square, and
// which server says so. A bad request is no reason to stop serving others, so
// it is not an error here but a reply, "error" and why.
func answer(_ context.Context, request socket.Message) (socket.Message, error) {
	refuse := func(why string) (socket.Message, error) {
		return socket.Message{[]byte("error"), []byte(why)}, nil
	}
	if len(request) != 2 || string(request[0]) != "square" {
		return refuse(fmt.Sprintf("cannot do %v, only square a number", request))
	}
	n, err := strconv.Atoi(string(request[1]))
	if err != nil {
		return refuse(err.Error())
	}
	return socket.Message{[]byte("ok"), []byte(strconv.Itoa(n * n)), []byte(strconv.Itoa(os.Getpid()))}, nil
}

// A server is this program, run again as one.
type server struct {
	endpoint string
	kill     func() // ends it at once, without a chance to say goodbye
}

func startServer(ctx context.Context, bind string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", "server", "-bind", bind, "-until-eof")
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // it ends with us, whatever happens
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{kill: sync.OnceFunc(func() {
		_ = cmd.Process.Kill() // if it has ended already, so much the better
		_ = cmd.Wait()         // says that it was killed
	})}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.kill()
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	fmt.Print(line)
	_, s.endpoint, _ = strings.Cut(strings.TrimSpace(line), listeningOn)
	return s, nil
}
