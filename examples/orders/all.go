package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// all runs every part in a process of its own, until the archive has come to
// its verdict and the shop has read the news.
func all(ctx context.Context, o options) error {
	var parts sync.WaitGroup
	defer parts.Wait()
	ctx, end := context.WithCancel(ctx)
	defer end()

	archive, err := start(ctx, &parts, "-role", "archive", "-shops", "shop",
		"-messages", strconv.Itoa(o.orders+1), "-patience", o.patience.String())
	if err != nil {
		return err
	}
	var at [3]string // receipts, dead letters, news
	for i := range at {
		if at[i], err = archive.listening(); err != nil {
			return err
		}
	}
	shop, err := start(ctx, &parts, "-role", "shop", "-name", "shop", "-news", at[2],
		"-orders", strconv.Itoa(o.orders), "-workers", strconv.Itoa(o.workers), "-patience", o.patience.String())
	if err != nil {
		return err
	}
	connect, err := shop.listening()
	if err != nil {
		return err
	}
	for i := range o.workers {
		if _, err := start(ctx, &parts, "-role", "worker", "-name", fmt.Sprintf("worker %d", i+1), "-connect", connect,
			"-receipts", at[0], "-dead", at[1], "-tries", strconv.Itoa(o.tries)); err != nil {
			return err
		}
	}
	<-archive.ended
	<-shop.ended
	return errors.Join(archive.err, shop.err)
}

// A process is one part: this program, run again.
type process struct {
	endpoints chan string   // where it listens, in the order in which it says so
	ended     chan struct{} // closed at its end
	err       error         // why it ended, once it has
}

// start runs a part, prints what it prints, and counts it in parts until it
// ends. When ctx is done its standard input ends, and so should it; 5 s later
// it is killed.
func start(ctx context.Context, parts *sync.WaitGroup, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append(args, "-until-eof")...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{endpoints: make(chan string, 3), ended: make(chan struct{})}
	parts.Go(func() {
		defer close(p.ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Println(lines.Text())
			if _, rest, ok := strings.Cut(lines.Text(), listeningFor); ok {
				_, endpoint, _ := strings.Cut(rest, " on ")
				p.endpoints <- endpoint
			}
		}
		if err := cmd.Wait(); err != nil && ctx.Err() == nil {
			p.err = fmt.Errorf("the %s ended: %w", args[1], err)
		}
	})
	return p, nil
}

// listeningFor is in the lines that announce endpoints.
const listeningFor = " listening for "

func listening(part, whom, endpoint string) {
	fmt.Printf("%-10s pid %d,%s%s on %s\n", part, os.Getpid(), listeningFor, whom, endpoint)
}

// listening returns where the part listens next, once it does.
func (p *process) listening() (string, error) {
	select {
	case endpoint := <-p.endpoints:
		return endpoint, nil
	case <-p.ended:
		return "", errors.Join(errors.New("it never listened"), p.err)
	}
}
