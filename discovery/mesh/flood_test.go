package mesh

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// A peer that floods calls and reads nothing holds up neither others nor the
// node's leaving for long, and what waits for it is bounded.
func TestFloodOfCallsWithoutReading(t *testing.T) {
	a, b := goodPair(t)
	s := newStranger(t, b, discovery.NewID())
	s.say(t, header{kind: kindHello}, introduction(s.id, nil))
	s.hear(t, kindHello)
	body := make([]byte, 20_000)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for i := range uint64(20_000) {
		h := header{kind: kindCall, id: i + 1, name: "echo"}
		if s.Send(ctx, h.encode(), body) != nil {
			break
		}
		if i%500 == 0 {
			stillServed(t, a, b)
		}
	}
	stillServed(t, a, b)
}

// One that fills a service leaves some room to others.
func TestFloodOfOneServiceLeavesRoom(t *testing.T) {
	a, b := goodPair(t)
	release := make(chan struct{})
	serve(t, b, func(_ context.Context, r Request) (socket.Message, error) {
		if string(r.Frames[0]) == "slow" {
			<-release
		}
		return r.Frames, nil
	}, WithConcurrency(2), WithQueue(100))
	s := newStranger(t, b, discovery.NewID())
	s.say(t, header{kind: kindHello}, introduction(s.id, nil))
	for i := range uint64(500) {
		s.say(t, header{kind: kindCall, id: i + 1, name: "work"}, []byte("slow"))
	}
	for range 500 - 2 - 75 {
		if h, _ := s.hear(t, kindFail); Code(h.code) != CodeBusy {
			t.Fatalf("failed with %d: %s", h.code, h.text)
		}
	}
	done := make(chan error, 1)
	go func() {
		_, err := a.Call(t.Context(), "work", []byte("fast"))
		done <- err
	}()
	eventuallyServing(t, b, 2+75+1)
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	stillServed(t, a, b)
}

// More strangers than there is room for are left alone.
func TestManyStrangers(t *testing.T) {
	var h hub
	a, b := h.join(t), h.join(t, WithMaxPeers(10))
	wait(t, a, 1)
	wait(t, b, 1)
	if _, err := b.Serve("echo", echo); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		s := newStranger(t, b, discovery.NewID())
		s.say(t, header{kind: kindHello}, introduction(s.id, func(s *state) { s.Name = fmt.Sprint(i) }))
		s.hear(t, kindHello)
	}
	s := b.Stats()
	if s.Up > 10 {
		t.Errorf("%d are up", s.Up)
	}
	full := false
	for _, e := range b.History() {
		full = full || e.Kind == Warning
	}
	if !full {
		t.Error("no warning")
	}
	stillServed(t, a, b)
}

// An ill-mannered peer that does not answer DRAIN and GOODBYE delays leaving,
// but not beyond the time allowed for it.
func TestLeaveWithAMutePeer(t *testing.T) {
	_, b := goodPair(t)
	s := newStranger(t, b, discovery.NewID())
	s.say(t, header{kind: kindHello}, introduction(s.id, nil))
	s.hear(t, kindHello)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var e *AbandonedError
	if err := b.Leave(ctx); err != nil && (!errors.As(err, &e) || e.Requests > 0) {
		t.Error(err)
	}
}
