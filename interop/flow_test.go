package interop

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// blocked is how long a sender has to wait to be called held up.
const blocked = time.Second

// TestBackPressure lets a PUSH send to a PULL whose application does not read:
// after a bounded number the PUSH is held up. Once the PULL reads everything
// arrives, in order, and the PUSH goes on (HW-03, PP-03).
func TestBackPressure(t *testing.T) { eachPeer(t, rowHWM, everyPeer, backPressure) }

func backPressure(t *testing.T, p *process) {
	t.Run("push=theirs", func(t *testing.T) {
		s, err := socket.NewPull(quick(), p.we(), socket.WithRecvHWM(10))
		we := own(t, s, err)
		they := theirs(t, p, "PUSH", peer.Int("SNDHWM", 10))
		link(t, "tcp", we, they)
		hold(t, they, we)
	})
	t.Run("pull=theirs", func(t *testing.T) {
		s, err := socket.NewPush(quick(), p.we(), socket.WithSendHWM(10))
		we := own(t, s, err)
		they := theirs(t, p, "PULL", peer.Int("RCVHWM", 10))
		link(t, "tcp", they, we)
		hold(t, we, they)
	})
}

func hold(t *testing.T, push, pull any) {
	t.Helper()
	// At 64 KiB a message the kernel's buffers, some megabytes at most, hold few.
	const most = 2000
	filler := body(64<<10, 0)
	sent := 0
	for ; ; sent++ {
		if sent == most {
			t.Fatalf("%d messages sent, and none received", most)
		}
		ctx, cancel := context.WithTimeout(t.Context(), blocked)
		err := push.(socket.Sender).Send(ctx, numbered(sent), filler)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		must(t, err)
	}
	if sent < 20 {
		t.Errorf("held up after %d messages, want at least the 10 that each side may queue", sent)
	}
	for i := range sent {
		expect(t, pull, numbered(i), filler)
	}
	send(t, push, text("more")...)
	expect(t, pull, text("more")...)
	t.Logf("held up after %d messages", sent)
}

// TestConflate sends many messages while no peer is there: only the newest is
// kept (HW-07). Then both directions are tried against a peer that conflates
// what it receives.
func TestConflate(t *testing.T) { eachPeer(t, rowConflate, bothLibzmqs, conflate) }

func conflate(t *testing.T, p *process) {
	const many = 100
	t.Run("push=ours", func(t *testing.T) {
		they := theirs(t, p, "PULL")
		endpoint := address(t, "ipc", they)
		s, err := socket.NewPush(quick(), socket.WithConflate())
		we := own(t, s, err)
		must(t, we.Connect(endpoint))
		for i := range many {
			send(t, we, numbered(i))
		}
		bind(t, they, endpoint)
		expect(t, they, numbered(many-1))
		send(t, we, text("next")...)
		expect(t, they, text("next")...)
	})
	t.Run("push=theirs", func(t *testing.T) {
		we := newOurs(t, "PULL", "")
		endpoint := address(t, "ipc", we)
		they := theirs(t, p, "PUSH", peer.Int("CONFLATE", 1))
		must(t, they.Connect(endpoint))
		for i := range many {
			send(t, they, numbered(i))
		}
		bind(t, we, endpoint)
		expect(t, we, numbered(many-1))
		send(t, they, text("next")...)
		expect(t, we, text("next")...)
	})
	t.Run("pull=ours", func(t *testing.T) {
		s, err := socket.NewPull(quick(), socket.WithConflate())
		we := own(t, s, err)
		they := theirs(t, p, "PUSH")
		link(t, "tcp", we, they)
		for i := range many {
			send(t, they, numbered(i))
		}
		eventually(t, "all messages to come in", func() bool { return we.Stats().In.Messages == many })
		expect(t, we, numbered(many-1))
		if n := we.Stats().In.Dropped[socket.DropConflated]; n != many-1 {
			t.Errorf("%d messages conflated, want %d", n, many-1)
		}
	})
	t.Run("pull=theirs", func(t *testing.T) {
		they := theirs(t, p, "PULL", peer.Int("CONFLATE", 1))
		we := newOurs(t, "PUSH", "")
		link(t, "tcp", they, we)
		for i := range many {
			send(t, we, numbered(i))
		}
		for last := ""; last != string(numbered(many-1)); {
			m := string(recv(t, they)[0])
			if m <= last {
				t.Fatalf("got %s after %s", m, last)
			}
			last = m
		}
	})
}
