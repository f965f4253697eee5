package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// script is who does what, and who hears of it.
var script = []struct {
	who, line string // "+" is to come, "-" to be gone
	heardBy   string
}{
	{"alice", "+", "alice"},
	{"bob", "+", "alice bob"},
	{"carol", "+", "alice bob carol"},
	{"alice", "hello, everybody", "bob carol"},
	{"bob", "@alice hello, alice", "alice"},
	{"carol", "@dave are you there?", "carol"},
	{"carol", "-", "alice bob"},
	{"bob", "it is quiet now", "alice"},
}

// converse plays the script in a room of its own, and waits after each line
// until all who should have heard it.
func converse(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, endpoint, err := openRoom("tcp://127.0.0.1:0")
	if err != nil {
		return err
	}
	closed := make(chan error, 1)
	go func() { closed <- r.serve(ctx) }()

	members := make(map[string]*member)
	for _, step := range script {
		m := members[step.who]
		switch step.line {
		case "+":
			fmt.Println(step.who, "comes")
			if members[step.who], err = join(endpoint, step.who, io.Discard); err != nil {
				return err
			}
		case "-":
			fmt.Println(step.who, "is gone")
			if err := m.dealer.Close(); err != nil {
				return err
			}
			delete(members, step.who)
		default:
			fmt.Printf("%s says %q\n", step.who, step.line)
			if err := m.say(ctx, step.line); err != nil {
				return err
			}
		}
		for name := range strings.FieldsSeq(step.heardBy) {
			words, err := members[name].dealer.Recv(ctx)
			if err != nil {
				return err
			}
			fmt.Printf("    %-5s hears %s\n", name, render(words))
		}
	}
	for _, m := range members {
		if err := m.dealer.Close(); err != nil {
			return err
		}
	}
	// What the room still has for members who have left reaches nobody.
	var unsent *socket.UnsentError
	if err := r.router.Close(); err != nil && !errors.As(err, &unsent) {
		return err
	}
	return <-closed
}
