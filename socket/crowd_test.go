package socket

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// crowded holds an event against what is expected of a refusal for there being
// too many.
func crowded(t *testing.T, e Event, says string) {
	t.Helper()
	if !errors.Is(e.Err, ErrCrowded) || !strings.Contains(e.Err.Error(), says) || e.Endpoint == "" {
		t.Errorf("event %v, want ErrCrowded, and %q", e, says)
	}
}

// TestLimitOfConnections: as many connections as allowed are past their
// handshake, over all endpoints; one more is closed at once; when one goes there
// is a place again; without the limit there is no end.
func TestLimitOfConnections(t *testing.T) {
	const allowed = 3
	for name, limit := range map[string]int{"at it and over": allowed, "lifted": 0} {
		t.Run(name, func(t *testing.T) {
			log := new(logbook)
			pull := closing(t, must(NewPull(WithMaxConnections(limit), log.option())))
			events := watch(t, pull)
			endpoints := []string{must(pull.Bind("tcp://127.0.0.1:0")), must(pull.Bind("tcp://127.0.0.1:0"))}
			var there []*raw
			for i := range allowed {
				r := dialRaw(t, endpoints[i%2])
				r.meet("PUSH")
				events.await("served", about(EventReady, r.address()))
				there = append(there, r)
			}
			over := dialRaw(t, endpoints[0])
			if limit == 0 {
				over.meet("PUSH")
				events.await("served", about(EventReady, over.address()))
				return
			}
			over.ended()
			crowded(t, events.await("refused", about(EventHandshakeFailed, over.address())), "3 are there, as WithMaxConnections allows")
			log.with(t, "raise the limit")
			if st := pull.Stats(); st.Peers != allowed || st.Refused != 1 {
				t.Errorf("%d peers, %d refused", st.Peers, st.Refused)
			}
			there[0].Close()
			events.await("gone", about(EventDisconnected, there[0].address()))
			again(t, events, func() *raw { return dialRaw(t, endpoints[0]) })
		})
	}
}

// again shows that there is a place, which is free a moment after the event of
// the one who left.
func again(t *testing.T, events *watcher, dial func() *raw) {
	t.Helper()
	for range 100 {
		r := dial()
		r.send(greeting(3, 1, "NULL"), ready("Socket-Type", "PUSH"))
		ended := func(e Event) bool {
			return e.Remote == r.address() && (e.Kind == EventReady || e.Kind == EventHandshakeFailed)
		}
		if e := events.await("an end", ended); e.Kind == EventReady {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Error("the place of who left is not free")
}

// TestLimitOfConnectionsAfterHandshake: half-done handshakes take nobody's place;
// who is done too late is told why.
func TestLimitOfConnectionsAfterHandshake(t *testing.T) {
	pull := closing(t, must(NewPull(WithMaxConnections(1))))
	events := watch(t, pull)
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	slow, quick := dialRaw(t, endpoint), dialRaw(t, endpoint)
	for _, r := range []*raw{slow, quick} {
		events.await("accepted", about(EventAccepted, r.address()))
	}
	quick.meet("PUSH")
	events.await("served", about(EventReady, quick.address()))
	slow.meet("PUSH")
	if told := string(slow.ended()); !strings.Contains(told, "\x05ERROR") || !strings.Contains(told, "too many connections") {
		t.Errorf("the peer was told %q", told)
	}
	crowded(t, events.await("refused", about(EventHandshakeFailed, slow.address())), "1 are there")
	quick.send(message("served"))
	if m, err := pull.Recv(bounded(t)); err != nil || string(m[0]) != "served" {
		t.Errorf("received %v, %v", m, err)
	}
}

// TestLimitOfConnectionsInProcess: the limit holds for inproc too, and is for who
// comes: what the socket connects to, or is handed, is its own affair.
func TestLimitOfConnectionsInProcess(t *testing.T) {
	pull := closing(t, must(NewPull(WithMaxConnections(1))))
	endpoint := must(pull.Bind(anywhere(t, "inproc")))
	events := watch(t, pull)
	var pushes []*Push
	for range 2 {
		push := closing(t, must(NewPush(WithLinger(0))))
		if err := push.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		pushes = append(pushes, push)
	}
	crowded(t, events.await("refused", kind(EventHandshakeFailed)), "1 are there")
	if err := pushes[0].Send(bounded(t), nil); err != nil {
		t.Fatal(err)
	}
	server := closing(t, must(NewPush()))
	if err := pull.Connect(must(server.Bind("tcp://127.0.0.1:0"))); err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	if err := pull.AttachConn(near); err != nil {
		t.Fatal(err)
	}
	newRaw(t, far).meet("PUSH")
	if err := pull.WaitPeers(bounded(t), 3); err != nil {
		t.Error(err)
	}
}

// TestLimitOfConnectionsPerAddress: as many as allowed come from one address,
// unfinished handshakes included; others are not concerned.
func TestLimitOfConnectionsPerAddress(t *testing.T) {
	const allowed = 2
	for name, limit := range map[string]int{"at it and over": allowed, "lifted": 0} {
		t.Run(name, func(t *testing.T) {
			pull := closing(t, must(NewPull(WithMaxConnectionsPerAddress(limit))))
			events := watch(t, pull)
			endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
			from := func(ip string) *raw {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
				return newRaw(t, must(d.DialContext(t.Context(), "tcp", strings.TrimPrefix(endpoint, "tcp://"))))
			}
			served := func(r *raw) {
				t.Helper()
				r.meet("PUSH")
				events.await("served", about(EventReady, r.address()))
			}
			served(from("127.0.0.1"))
			silent := from("127.0.0.1")
			events.await("accepted", about(EventAccepted, silent.address()))
			over := from("127.0.0.1")
			if limit == 0 {
				served(over)
				return
			}
			over.ended()
			e := events.await("refused", about(EventHandshakeFailed, over.address()))
			crowded(t, e, fmt.Sprintf("%d from 127.0.0.1 are there, as WithMaxConnectionsPerAddress allows", allowed))
			if other, err := net.Listen("tcp", "127.0.0.2:0"); err == nil { // not every system has it
				other.Close()
				served(from("127.0.0.2"))
			}
			silent.Close()
			events.await("gone", about(EventHandshakeFailed, silent.address()))
			again(t, events, func() *raw { return from("127.0.0.1") })
		})
	}
}

// TestAddressOf: an address counts as one however it is written.
func TestAddressOf(t *testing.T) {
	for _, tt := range []struct {
		a    net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.ParseIP("10.0.0.1"), Port: 5}, "10.0.0.1"},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:10.0.0.1"), Port: 6}, "10.0.0.1"},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0", Port: 7}, "fe80::1"},
		{&net.UnixAddr{Name: "/run/x"}, "invalid IP"},
		{nil, "invalid IP"},
	} {
		if got := addressOf(tt.a); got.String() != tt.want {
			t.Errorf("%v is from %v, want %v", tt.a, got, tt.want)
		}
	}
}
