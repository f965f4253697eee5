package socket

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// TestConnectFunc: a socket talks over whatever dial returns, calls it again
// when that is lost, keeps what is queued, and knows the peer by its name.
func TestConnectFunc(t *testing.T) {
	pull := closing(t, must(NewPull()))
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	push := closing(t, must(NewPush(quickRedial)))
	events := watch(t, push)
	var calls atomic.Int32
	conns := make(chan net.Conn, 10)
	if err := push.ConnectFunc("the peer", func(ctx context.Context) (net.Conn, error) {
		if calls.Add(1) == 1 {
			return nil, errors.New("not yet")
		}
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", endpoint[len("tcp://"):])
		if err == nil {
			conns <- c
		}
		return c, err
	}); err != nil {
		t.Fatal(err)
	}
	exchange(t, push, pull, "one")
	if e := events.await("the failure", kind(EventConnectFailed)); e.Endpoint != "the peer" || e.Err == nil || e.Err.Error() != "not yet" {
		t.Errorf("%+v", e)
	}
	if e := events.await("ready", kind(EventReady)); e.Endpoint != "the peer" || e.Peer.Endpoint != "the peer" {
		t.Errorf("%+v", e)
	}
	(<-conns).Close()
	events.await("the loss", kind(EventDisconnected))
	exchange(t, push, pull, "two")
	if err := push.Disconnect("the peer"); err != nil {
		t.Error(err)
	}
	misuse(t, push.Disconnect("the peer"), OpError{"disconnect", "PUSH", "the peer", ErrEndpoint}, "not connected")
}

// TestConnectFuncGivesUp: what ends a connection ends the context of a dial.
func TestConnectFuncGivesUp(t *testing.T) {
	for name, end := range map[string]func(*Pair) error{
		"disconnect": func(p *Pair) error { return p.Disconnect("nowhere") },
		"close":      (*Pair).Close,
	} {
		t.Run(name, func(t *testing.T) {
			pair := closing(t, must(NewPair()))
			called, left := make(chan struct{}), make(chan error, 1)
			if err := pair.ConnectFunc("nowhere", func(ctx context.Context) (net.Conn, error) {
				close(called)
				<-ctx.Done()
				left <- ctx.Err()
				return nil, ctx.Err()
			}); err != nil {
				t.Fatal(err)
			}
			<-called
			if err := end(pair); err != nil {
				t.Error(err)
			}
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

// TestRedial: a pause is cut short, and only for the endpoint that is named.
func TestRedial(t *testing.T) {
	push := closing(t, must(NewPush(WithRedial(time.Hour, time.Hour))))
	events := watch(t, push)
	var open atomic.Bool
	pull := closing(t, must(NewPull()))
	address := must(pull.Bind("tcp://127.0.0.1:0"))[len("tcp://"):]
	dial := func(ctx context.Context) (net.Conn, error) {
		if !open.Load() {
			return nil, errors.New("shut")
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
	for _, name := range []string{"one", "other"} {
		if err := push.ConnectFunc(name, dial); err != nil {
			t.Fatal(err)
		}
		events.await(name+" fails", func(e Event) bool { return e.Kind == EventConnectFailed && e.Endpoint == name })
	}
	open.Store(true)
	if err := push.Redial("one"); err != nil {
		t.Fatal(err)
	}
	if err := push.WaitPeers(bounded(t), 1); err != nil {
		t.Fatal(err)
	}
	if e := events.await("ready", kind(EventReady)); e.Endpoint != "one" {
		t.Errorf("%+v", e)
	}
	misuse(t, push.Redial("none"), OpError{"redial", "PUSH", "none", ErrEndpoint}, "not connected")
	if err := push.Redial("one"); err != nil { // it is up: nothing happens
		t.Error(err)
	}
	exchange(t, push, pull, "still there")
	unsent(t, push.Close(), 0)
	misuse(t, push.Redial("one"), OpError{"redial", "PUSH", "one", ErrClosed}, "closed")
}
