package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// A member is somebody in the room.
type member struct {
	name   string
	dealer *socket.Dealer
}

// join returns a member who enters the room as soon as there is a connection,
// and again whenever it had to be made anew. What becomes of the connection is
// told to log.
func join(endpoint, name string, log io.Writer) (*member, error) {
	dealer, err := socket.NewDealer(socket.WithIdentity([]byte(name)))
	if err != nil {
		return nil, err
	}
	m := &member{name: name, dealer: dealer}
	events := dealer.Monitor()
	if err := dealer.Connect(endpoint); err != nil {
		dealer.Close()
		return nil, err
	}
	go func() { // until the dealer is closed
		ctx := context.Background()
		for e := range events.Events(ctx) {
			fmt.Fprintln(log, "--", e)
			if e.Kind == socket.EventReady {
				_ = dealer.Send(ctx, []byte("join")) // fails only if the dealer is being closed
			}
		}
	}()
	return m, nil
}

// say sends a line to all others, or "@bob line" to bob.
func (m *member) say(ctx context.Context, line string) error {
	if who, ok := strings.CutPrefix(line, "@"); ok {
		who, line, _ := strings.Cut(who, " ")
		return m.dealer.Send(ctx, []byte("tell"), []byte(who), []byte(line))
	}
	return m.dealer.Send(ctx, []byte("say"), []byte(line))
}

// render returns a message of the room as a line of text.
func render(m socket.Message) string {
	if len(m) != 2 {
		return fmt.Sprintf("a strange message: %v", m)
	}
	return fmt.Sprintf("%s: %s", m[0], m[1])
}
