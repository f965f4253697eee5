package mesh

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestShoutReachesTheGroup(t *testing.T) {
	var h hub
	ns := h.full(t, 4)
	for _, n := range ns[1:3] {
		if err := n.JoinGroup("kitchen"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, ns[0], "two members", inGroup(ns[0], "kitchen", 2))
	ctx := within(t)
	sent, err := ns[0].Shout(ctx, "kitchen", []byte("order"))
	if sent != 2 || err != nil {
		t.Fatalf("sent to %d, %v", sent, err)
	}
	for _, n := range ns[1:3] {
		m, err := n.Recv(ctx)
		if err != nil || m.Group != "kitchen" || m.From != ns[0].ID() || string(m.Frames[0]) != "order" {
			t.Errorf("received %+v, %v", m, err)
		}
	}
	if sent, err := ns[0].Shout(ctx, "nobody", []byte("x")); sent != 0 || err != nil {
		t.Errorf("shout to nobody: %d, %v", sent, err)
	}
	if err := ns[1].LeaveGroup("kitchen"); err != nil {
		t.Fatal(err)
	}
	eventually(t, ns[0], "one member", inGroup(ns[0], "kitchen", 1))
	if got := ns[2].Groups(); len(got) != 1 || got[0] != "kitchen" {
		t.Errorf("groups %q", got)
	}
	for _, name := range []string{"", strings.Repeat("x", 121), "\xff"} {
		if err := ns[0].JoinGroup(name); !errors.Is(err, ErrName) {
			t.Errorf("group %q: %v", name, err)
		}
	}
}

func TestStateHasALimit(t *testing.T) {
	var h hub
	ns := h.full(t, 2)
	n := ns[0]
	for i := range maxGroups {
		if err := n.JoinGroup(fmt.Sprintf("g%03d", i)); err != nil {
			t.Fatalf("group %d: %v", i, err)
		}
	}
	if err := n.JoinGroup("one more"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one group too many: %v", err)
	}
	if err := n.SetMetadata(map[string]string{"k": strings.Repeat("x", maxState)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too much metadata: %v", err)
	}
	if err := n.SetMetadata(map[string]string{"k": strings.Repeat("x", maxState-20_000)}); err != nil {
		t.Errorf("much metadata: %v", err)
	}
	if got := len(n.Groups()); got != maxGroups {
		t.Errorf("%d groups", got)
	}
	eventually(t, ns[1], "all of it", func() bool {
		p, _ := ns[1].Peer(n.ID())
		return len(p.Groups) == maxGroups && len(p.Metadata["k"]) == maxState-20_000
	})
}

func TestInboxDropsTheNewest(t *testing.T) {
	var h hub
	a, b := h.join(t), h.join(t, WithInbox(3))
	wait(t, a, 1)
	wait(t, b, 1)
	ctx := within(t)
	w := b.Presence(ctx)
	defer w.Close()
	if _, err := b.Serve("echo", echo); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := a.Whisper(ctx, b.ID(), []byte{'0' + byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Call(ctx, "echo"); err != nil { // comes after them
		t.Fatal(err)
	}
	if got := b.Stats().Dropped; got != 2 {
		t.Errorf("%d dropped, want 2", got)
	}
	for {
		e, err := w.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == Warning {
			if !errors.Is(e.Err, ErrInbox) {
				t.Errorf("warning %v", e)
			}
			break
		}
	}
	for i := range 3 {
		if m, err := b.Recv(ctx); err != nil || m.Frames[0][0] != '0'+byte(i) {
			t.Errorf("message %d is %v, %v", i, m.Frames, err)
		}
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if m, err := b.Recv(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("received %v, %v", m, err)
	}
}

func TestMessagesEndsWithTheNode(t *testing.T) {
	var h hub
	ns := h.full(t, 2)
	ctx := within(t)
	if err := ns[0].Whisper(ctx, ns[1].ID(), []byte("x")); err != nil {
		t.Fatal(err)
	}
	got := 0
	for m, err := range ns[1].Messages(ctx) {
		if err != nil || string(m.Frames[0]) != "x" {
			t.Fatalf("%v, %v", m, err)
		}
		got++
		if err := ns[1].Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got != 1 {
		t.Errorf("%d messages", got)
	}
}
