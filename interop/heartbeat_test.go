package interop

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// heartbeats are the options that make a socket of libzmq send PING five times a
// second and give up on 600 ms of silence, and ask us to do the same.
func heartbeats() []peer.Option {
	return []peer.Option{
		peer.Int("HEARTBEAT_IVL", 200),
		peer.Int("HEARTBEAT_TIMEOUT", 600),
		peer.Int("HEARTBEAT_TTL", 600),
	}
}

// TestHeartbeatIdle leaves connections alone while theirs, ours or both send
// heartbeats: none may end, and each must still carry a message (WT-108 to
// WT-116). With BROKERLESS_INTEROP=require that is a minute, else 5 s.
func TestHeartbeatIdle(t *testing.T) {
	duration := 5 * time.Second
	if required() {
		duration = time.Minute
	}
	none := socket.WithHeartbeat(0, 0)
	often := socket.WithHeartbeat(200*time.Millisecond, 2*time.Second)
	links := []struct {
		name        string
		left, right string // left is ours
		we          socket.Option
		they        []peer.Option
	}{
		{"theirs", "ROUTER", "DEALER", none, heartbeats()},
		{"theirs, one way", "PULL", "PUSH", none, heartbeats()},
		{"ours", "DEALER", "ROUTER", often, nil},
		{"ours, one way", "PUSH", "PULL", often, nil},
		{"both", "PAIR", "PAIR", often, heartbeats()},
	}
	var we []ours
	var they []*peer.Socket
	var monitors []*socket.Monitor
	var names []string
	for _, p := range installed(t, bothLibzmqs) {
		p.shows(t, rowHeartbeat, "tcp")
		for _, l := range links {
			a := newOurs(t, l.left, "", l.we)
			b := theirs(t, p, l.right, l.they...)
			link(t, "tcp", a, b)
			waitPeers(t, a, 1)
			awaitTheirs(t, b, "HANDSHAKE_SUCCEEDED")
			we, they, monitors = append(we, a), append(they, b), append(monitors, a.Monitor())
			names = append(names, fmt.Sprintf("%s and %s heartbeats", p.name, l.name))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	if e, err := monitors[0].Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%s: event %v, error %v", names[0], e, err)
	}
	for i, name := range names {
		l := links[i%len(links)]
		monitors[i].Close()
		if e, err := monitors[i].Next(t.Context()); err == nil {
			t.Errorf("%s: %v", name, e)
		}
		now, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if e, err := they[i].Event(now); err == nil {
			t.Errorf("%s: theirs says %v", name, e)
		}
		cancel()
		if l.left == "PULL" || l.left == "ROUTER" {
			send(t, they[i], text("still there")...)
			if m := recv(t, we[i]); string(m[len(m)-1]) != "still there" {
				t.Errorf("%s: got %v", name, m)
			}
			continue
		}
		send(t, we[i], text("still there")...)
		if m := recv(t, they[i]); string(m[len(m)-1]) != "still there" {
			t.Errorf("%s: got %v", name, m)
		}
	}
}
