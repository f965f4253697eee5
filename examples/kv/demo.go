package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// demonstrate makes calls while servers are killed, asked to leave, and started
// again.
func demonstrate(ctx context.Context, o options) (err error) {
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ctx, fail := context.WithCancelCause(limited)
	defer fail(nil)
	if o.folder, err = os.MkdirTemp("", "kv"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.folder)) }()

	// They share a folder, so it does not matter which of them a call goes to.
	all := make(servers, 3)
	defer all.kill()
	var endpoints []string
	for i := range all {
		if all[i], err = startServer(ctx, o, "tcp://127.0.0.1:0"); err != nil {
			return err
		}
		endpoints = append(endpoints, all[i].endpoint)
	}
	k, err := newClient(strings.Join(endpoints, ","))
	if err != nil {
		return err
	}
	defer k.c.Close()
	if err := k.c.WaitServers(ctx, len(all)); err != nil {
		return err
	}

	loaded := make(chan struct{})
	go func() {
		defer close(loaded)
		if err := load(ctx, k, o.calls); err != nil {
			fail(err)
		}
	}()
	if err := disturb(ctx, k, o, all); err != nil {
		fail(err)
	}
	<-loaded
	fmt.Println(k.summary())
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if n := k.failed.Load(); n > 0 {
		return fmt.Errorf("%d calls failed", n)
	}
	return nil
}

// disturb kills each server in turn, then all, and asks one to leave. The next
// thing happens when the client has come far enough.
func disturb(ctx context.Context, k *client, o options, all servers) error {
	steps := 2 * (len(all) + 2)
	step := 0
	next := func() error {
		step++
		return k.reach(ctx, o.calls*step/steps)
	}
	restart := func(i int) (err error) {
		all[i], err = startServer(ctx, o, all[i].endpoint)
		return err
	}
	for i, s := range all {
		if err := next(); err != nil {
			return err
		}
		s.kill()
		fmt.Printf("server %d is killed\n", s.pid)
		if err := next(); err != nil { // the others carry on
			return err
		}
		if err := restart(i); err != nil {
			return err
		}
	}

	list, err := fill(ctx, k)
	if err != nil {
		return err
	}
	defer list.stop()
	if err := next(); err != nil {
		return err
	}
	all.kill()
	fmt.Printf("all servers are killed; %d calls have been made, the next ones wait\n", k.calls.Load())
	for i := range all {
		if err := restart(i); err != nil {
			return err
		}
	}

	if err := list.rest(); err != nil {
		return err
	}

	if err := next(); err != nil {
		return err
	}
	fmt.Printf("server %d is asked to leave\n", all[0].pid)
	return all[0].leave()
}
