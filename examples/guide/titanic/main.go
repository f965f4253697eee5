// Titanic keeps requests on disk until somebody can answer them: neither the
// client, nor the worker, nor Titanic itself has to be there all the time.
//
// It runs all parts in one process, over TCP, with a broker between them. A
// request is made while nobody offers the service, Titanic is stopped and
// started again, then a worker comes, and at last the client comes back for the
// reply. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/brokerless/brokerless/examples/guide/mdp"
	"github.com/brokerless/brokerless/socket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "titanic:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()

	folder, err := os.MkdirTemp("", "titanic")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	broker, err := mdp.NewBroker("tcp://127.0.0.1:0")
	if err != nil {
		return err
	}
	parts.Go(func() { _ = broker.Run(ctx) }) // until ctx is done

	stop := begin(ctx, newTitanic(folder, broker.Endpoint()))
	c, err := mdp.NewClient(broker.Endpoint())
	if err != nil {
		return err
	}
	defer c.Close()
	id, err := submit(ctx, c, "shout", "land in sight")
	if err != nil {
		return err
	}
	fmt.Println("the request is on disk")
	got, _, err := collect(ctx, c, id)
	if err != nil {
		return err
	}
	if got != codePending {
		return fmt.Errorf("asked for a reply that cannot be there: code %s, want %s", got, codePending)
	}
	fmt.Println("nobody has answered it")

	stop()
	fmt.Println("Titanic goes down, and comes up again")
	stop = begin(ctx, newTitanic(folder, broker.Endpoint()))
	defer stop()
	w, err := mdp.NewWorker(broker.Endpoint(), "shout", shout)
	if err != nil {
		return err
	}
	parts.Go(func() { _ = w.Run(ctx) })

	for {
		got, reply, err := collect(ctx, c, id)
		if err != nil {
			return err
		}
		if got == codeOK {
			fmt.Println("the reply is", reply)
			break
		}
		select { // there is nothing that would tell, so ask again in a while
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if _, err := c.Insist(ctx, time.Second, "titanic.close", []byte(id)); err != nil {
		return err
	}
	got, _, err = collect(ctx, c, id)
	fmt.Println("closed; asked again it says", got)
	return err
}

// begin runs a titanic, and returns what stops it and waits for that.
func begin(ctx context.Context, t *titanic) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := t.run(ctx); !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "titanic:", err)
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

func shout(_ context.Context, request socket.Message) (socket.Message, error) {
	return socket.Message{[]byte(strings.ToUpper(string(request[0])) + "!")}, nil
}

// submit hands a request to Titanic and returns its id.
func submit(ctx context.Context, c *mdp.Client, service, body string) (id string, err error) {
	m, err := c.Request(ctx, "titanic.request", []byte(service), []byte(body))
	if err != nil {
		return "", err
	}
	if len(m) != 2 || string(m[0]) != codeOK {
		return "", fmt.Errorf("not taken: %v", m)
	}
	return string(m[1]), nil
}

// collect asks Titanic for the reply to a request.
func collect(ctx context.Context, c *mdp.Client, id string) (code, reply string, err error) {
	m, err := c.Insist(ctx, time.Second, "titanic.reply", []byte(id))
	if err != nil {
		return "", "", err
	}
	if string(m[0]) == codeOK && len(m) > 1 {
		reply = string(m[1])
	}
	return string(m[0]), reply, nil
}
