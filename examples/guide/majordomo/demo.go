package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/brokerless/brokerless/examples/guide/mdp"
)

// demonstrate runs a broker, two workers of one service and one of another, and
// clients that ask for them and for one that nobody offers.
func demonstrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()

	broker, err := mdp.NewBroker("tcp://127.0.0.1:0")
	if err != nil {
		return err
	}
	parts.Go(func() { _ = broker.Run(ctx) }) // until ctx is done, as the others
	for _, service := range []string{"upper", "upper", "count"} {
		w, err := mdp.NewWorker(broker.Endpoint(), service, services[service])
		if err != nil {
			return err
		}
		parts.Go(func() { _ = w.Run(ctx) })
	}

	const clients, requests = 4, 1000
	failed := make(chan error, clients)
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() { failed <- ask(ctx, broker.Endpoint(), requests) })
	}
	asking.Wait()
	for range clients {
		if err := <-failed; err != nil {
			return err
		}
	}
	fmt.Printf("%d clients had %d replies each\n", clients, requests)
	return inquire(ctx, broker.Endpoint())
}

// ask is a client that asks for two services in turn.
func ask(ctx context.Context, endpoint string, requests int) error {
	c, err := mdp.NewClient(endpoint)
	if err != nil {
		return err
	}
	defer c.Close()
	for n := range requests {
		service, want := "upper", "WORD"
		if n%2 == 1 {
			service, want = "count", "4"
		}
		reply, err := c.Request(ctx, service, []byte("word"))
		if err != nil {
			return err
		}
		if got := string(reply[0]); got != want {
			return fmt.Errorf("service %q says %q, want %q", service, got, want)
		}
	}
	return nil
}

// inquire asks the broker who offers what, and asks for what nobody does.
func inquire(ctx context.Context, endpoint string) error {
	c, err := mdp.NewClient(endpoint)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, service := range []string{"upper", "lower"} {
		reply, err := c.Request(ctx, "mmi.service", []byte(service))
		if err != nil {
			return err
		}
		fmt.Printf("is there %q? %s\n", service, reply[0])
	}
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	switch _, err := c.Request(short, "lower", []byte("WORD")); {
	case err == nil:
		return errors.New("somebody answered for a service that nobody offers")
	case !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	fmt.Println("nobody answers for \"lower\"")
	reply, err := c.Request(ctx, "upper", []byte("still here"))
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", reply[0])
	return nil
}
