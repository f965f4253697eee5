package interop

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// Messages so large that a process is killed in the middle of one.
const (
	largeParts = 8
	largePart  = 256 << 10
)

// TestKilledSending kills their process while it sends large messages of many
// frames. What we receive is whole: of the one that broke off not a frame, and
// the next peer's come undisturbed (WT-103, WT-104, TR-07).
func TestKilledSending(t *testing.T) {
	eachScheme(t, rowKilledSender, everyPeer, func(t *testing.T, p *process, scheme string) {
		pull := newOurs(t, "PULL", "", p.we(), socket.WithMaxMessageSize(0)).(*socket.Pull)
		endpoint := bind(t, pull, address(t, scheme, pull))
		for round := range 3 {
			if round > 0 {
				p = p.restart(t)
			}
			monitor := pull.Monitor()
			push := theirs(t, p, "PUSH", peer.Int("SNDHWM", 2))
			must(t, push.Connect(endpoint))
			must(t, push.Stream(largeParts, largePart))
			next := 0
			for ; next < 3; next++ {
				whole(t, recv(t, pull), next)
			}
			p.Kill()
			awaitEvent(t, monitor, socket.EventDisconnected)
			monitor.Close()
			for ; ; next++ {
				m, err := pull.TryRecv()
				if err != nil {
					break
				}
				whole(t, m, next)
			}
		}
	})
}

// TestKilledReceiving kills their process while we send it large messages of
// many frames. The next process gets them from one that the first did not get
// whole on, each of them whole and once.
func TestKilledReceiving(t *testing.T) {
	const many = 40
	eachScheme(t, rowKilledTaker, everyPeer, func(t *testing.T, p *process, scheme string) {
		push := newOurs(t, "PUSH", "", p.we()).(*socket.Push)
		pull := theirs(t, p, "PULL", peer.Int("RCVHWM", 2))
		endpoint := link(t, scheme, pull, push)
		var sending sync.WaitGroup
		sending.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			for i := range many {
				if err := push.Send(ctx, large(i)...); err != nil {
					t.Errorf("message %d: %v", i, err)
					return
				}
			}
		})
		defer sending.Wait()

		last := -1
		for range 5 {
			last++
			whole(t, recv(t, pull), last)
		}
		p.Kill()
		p = p.restart(t)
		pull = theirs(t, p, "PULL")
		bind(t, pull, endpoint)
		for last < many-1 {
			m := recv(t, pull)
			var i int
			if _, err := fmt.Sscanf(string(m[0][:8]), "%d", &i); err != nil || i <= last {
				t.Fatalf("after message %d got %v", last, m)
			}
			last = i
			whole(t, m, i)
		}
	})
}

// large returns the i-th message, as [peer.Socket.Stream] makes them.
func large(i int) socket.Message {
	m := make(socket.Message, largeParts)
	for j := range m {
		m[j] = append(fmt.Appendf(nil, "%08d %04d ", i, j), make([]byte, largePart)...)
	}
	return m
}

// whole fails the test unless m is the i-th large message from its first octet
// to its last.
func whole(t *testing.T, m socket.Message, i int) {
	t.Helper()
	want := large(i)
	if len(m) != len(want) {
		t.Fatalf("message %d has %d frames, want %d: %v", i, len(m), len(want), m)
	}
	for j := range m {
		if !bytes.Equal(m[j], want[j]) {
			t.Fatalf("message %d: frame %d of %d octets begins with %q, want %d octets beginning with %q",
				i, j, len(m[j]), m[j][:min(len(m[j]), 16)], len(want[j]), want[j][:16])
		}
	}
}
