package socket_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// line returns a PUSH and a PULL that are connected.
func line(endpoint string) (*socket.Push, *socket.Pull) {
	push, pull := must(socket.NewPush()), must(socket.NewPull())
	must(pull.Bind(endpoint))
	check(push.Connect(endpoint))
	return push, pull
}

// Many sockets in one loop: a goroutine for each receives, and a channel brings
// what they get to the one that decides. What zmq_poll does with a list of
// sockets, select does with channels, and timers and cancellation beside them.
func Example_poller() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	jobs, worker := line("inproc://example poller, jobs")
	orders, boss := line("inproc://example poller, orders")
	defer jobs.Close()
	defer orders.Close()

	received := func(from *socket.Pull) <-chan socket.Message {
		c := make(chan socket.Message)
		go func() {
			defer close(c)
			for m, err := range from.Messages(ctx) {
				if err != nil {
					return
				}
				select {
				case c <- m:
				case <-ctx.Done():
					return
				}
			}
		}()
		return c
	}
	work, control := received(worker), received(boss)

	check(jobs.Send(ctx, []byte("job 1")))
	check(jobs.Send(ctx, []byte("job 2")))
	for done := 0; work != nil || control != nil; {
		select {
		case m, ok := <-work:
			if !ok {
				work = nil // as one that is taken off the list
				continue
			}
			fmt.Println(string(m[0]))
			if done++; done == 2 {
				check(orders.Send(ctx, []byte("stop")))
			}
		case m, ok := <-control:
			if !ok {
				control = nil
				continue
			}
			fmt.Println(string(m[0]))
			worker.Close() // ends the loops over Messages
			boss.Close()
		case <-ctx.Done():
			fmt.Println(ctx.Err())
		}
	}
	// Output:
	// job 1
	// job 2
	// stop
}

// One handler for several sockets needs no select: each has its own loop, and
// what they share has a lock. All end with the context.
func Example_handlers() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var mu sync.Mutex
	total := 0
	var wg sync.WaitGroup
	var senders []*socket.Push
	for i := range 3 {
		push, pull := line(fmt.Sprintf("inproc://example handlers, %d", i))
		senders = append(senders, push)
		wg.Go(func() {
			defer pull.Close()
			for m, err := range pull.Messages(ctx) {
				if err != nil {
					return
				}
				mu.Lock()
				total += len(m[0])
				if total == 6 {
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	for i, push := range senders {
		check(push.Send(ctx, make([]byte, i+1)))
		check(push.Close()) // sends it first
	}
	wg.Wait()
	fmt.Println(total)
	// Output: 6
}

// A time-out is a context (ZMQ_RCVTIMEO, ZMQ_SNDTIMEO, the time-out of
// zmq_poll). A call that fails with it has taken nothing and queued nothing.
func Example_timeout() {
	push, pull := line("inproc://example timeout")
	defer push.Close()
	defer pull.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err := pull.Recv(ctx)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	_, err = pull.TryRecv() // as ZMQ_DONTWAIT
	fmt.Println(errors.Is(err, socket.ErrWouldBlock))
	// Output:
	// true
	// true
}

// Whoever waits can be told to stop, from any goroutine: by cancelling the
// context for one call, or by closing the socket for all (what zmq_ctx_term and
// ETERM do).
func Example_cancellation() {
	push, pull := line("inproc://example cancellation")
	defer push.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		_, err := pull.Recv(ctx)
		ended <- err
	}()
	cancel()
	fmt.Println(errors.Is(<-ended, context.Canceled))

	go func() {
		_, err := pull.Recv(context.Background())
		ended <- err
	}()
	pull.Close()
	fmt.Println(errors.Is(<-ended, socket.ErrClosed))
	// Output:
	// true
	// true
}

// Timers are those of package time: NewTicker for zmq_timers_add, a case of the
// select for _execute, Reset for _set_interval and _reset, Stop for _cancel. A
// ticker that nobody attends to drops ticks and does not pile them up.
func Example_timer() {
	push, pull := line("inproc://example timer")
	defer push.Close()
	defer pull.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	messages := make(chan socket.Message)
	go func() {
		for m, err := range pull.Messages(ctx) {
			if err != nil {
				return
			}
			messages <- m
		}
	}()
	beat := time.NewTicker(time.Millisecond)
	defer beat.Stop()
	for beats := 0; ; {
		select {
		case <-beat.C:
			if beats++; beats == 3 {
				beat.Stop()
				check(push.Send(ctx, []byte("three beats")))
			}
		case m := <-messages:
			fmt.Println(m)
			return
		}
	}
	// Output: ["three beats"]
}

// Where one socket comes first, as an order before work, it is looked at first
// each time: what a poller does by the order in which it asks its sockets.
func Example_priority() {
	jobs, worker := line("inproc://example priority, jobs")
	orders, boss := line("inproc://example priority, orders")
	defer jobs.Close()
	defer worker.Close()
	defer orders.Close()
	defer boss.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(jobs.Send(ctx, []byte("job")))
	check(orders.Send(ctx, []byte("order")))
	check(worker.WaitPeers(ctx, 1))
	check(boss.WaitPeers(ctx, 1))
	for _, from := range []*socket.Pull{boss, worker, boss} {
		m, err := from.TryRecv()
		if errors.Is(err, socket.ErrWouldBlock) {
			fmt.Println("nothing")
			continue
		}
		fmt.Println(m)
	}
	// Output:
	// ["order"]
	// ["job"]
	// nothing
}
