// Chat is a room in which named members talk to all others, or to one of them.
//
// With -bind it is the room, with -connect and -name a member who types, and
// with -script a conversation that holds itself. See README.md.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		bind     = flag.String("bind", "", "be the room, at this endpoint")
		connect  = flag.String("connect", "", "join the room at this endpoint")
		name     = flag.String("name", "", "with -connect: the name to join with")
		scripted = flag.Bool("script", false, "show a conversation of three in this process")
	)
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case *scripted:
		return converse(ctx)
	case *bind != "":
		r, endpoint, err := openRoom(*bind)
		if err != nil {
			return err
		}
		fmt.Println("the room is at", endpoint)
		return r.serve(ctx)
	case *connect != "" && *name != "":
		return talk(ctx, *connect, *name)
	}
	return errors.New("want -bind, or -connect and -name, or -script; see -help")
}

// talk sends what is typed and prints what is heard, until the input ends.
func talk(ctx context.Context, endpoint, name string) error {
	m, err := join(endpoint, name, os.Stdout)
	if err != nil {
		return err
	}
	typed := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			if err := m.say(ctx, lines.Text()); err != nil {
				typed <- err
				return
			}
		}
		typed <- errors.Join(lines.Err(), m.dealer.Close()) // sends the last words first
	}()
	for words, err := range m.dealer.Messages(ctx) {
		if err != nil {
			return errors.Join(err, m.dealer.Close())
		}
		fmt.Println(render(words))
	}
	return <-typed // the socket was closed
}
