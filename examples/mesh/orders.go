package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/brokerless/brokerless/discovery/mesh"
)

// group is what all nodes are in, to talk and to vote.
const group = "everybody"

// obey does what is typed, until the standard input ends or ctx is done:
//
//	who              shows the others
//	@bob text        tells one of them
//	shall we?        asks all of them, and shows how they vote
//	text             tells all of them
func obey(ctx context.Context, node *mesh.Node) {
	typed := make(chan string)
	go func() { // it may be left waiting for a line when ctx ends
		defer close(typed)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			select {
			case typed <- lines.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case line, ok := <-typed:
			if !ok {
				return
			}
			if err := do(ctx, node, line); err != nil {
				fmt.Println("could not:", printable(err.Error()))
			}
		}
	}
}

func do(ctx context.Context, node *mesh.Node, line string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	whom, aside := strings.CutPrefix(line, "@")
	switch {
	case line == "":
		return nil
	case line == "who":
		for _, p := range node.Peers() {
			fmt.Printf("sees %s %v since %s\n", who(p), p.State, p.Since.Format(time.TimeOnly))
		}
		return nil
	case aside:
		return whisper(ctx, node, whom)
	case strings.HasSuffix(line, "?"):
		return ask(ctx, node, line)
	}
	n, err := node.Shout(ctx, group, []byte(line))
	if err == nil {
		fmt.Printf("says %q to %d\n", line, n)
	}
	return err
}

// whisper tells the first word of the line the rest. Names are for people, and
// need not be unique: messages go to ids.
func whisper(ctx context.Context, node *mesh.Node, line string) error {
	name, text, _ := strings.Cut(line, " ")
	for _, p := range node.Peers() {
		if p.Name == name {
			return node.Whisper(ctx, p.ID, []byte(text))
		}
	}
	return fmt.Errorf("%s is not here", name)
}

// ask has all others vote. Who does not is named, and why.
func ask(ctx context.Context, node *mesh.Node, question string) error {
	answers, err := node.Ask(ctx, group, mesh.All(), []byte(question))
	var votes []string
	for _, r := range answers.Replies {
		votes = append(votes, fmt.Sprintf("%s says %s", printable(r.Name), text(r.Frames)))
	}
	for _, f := range answers.Missing {
		votes = append(votes, fmt.Sprintf("%s says nothing (%v)", printable(f.Name), f.Err))
	}
	if len(votes) > 0 {
		fmt.Printf("asked %q: %s\n", question, strings.Join(votes, ", "))
	}
	return err
}

// vote joins the group, and answers whatever it is asked.
func vote(node *mesh.Node, answer string) error {
	return node.HandleAsk(group, func(context.Context, mesh.Ask) ([][]byte, error) {
		return [][]byte{[]byte(answer)}, nil
	})
}
