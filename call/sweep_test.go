package call

import (
	"context"
	"errors"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// TestSweep has peers in the table of whose end no event told.
func TestSweep(t *testing.T) {
	s, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := &peer{Peer: socket.Peer{ID: "ghost"}, calls: make(map[callKey]*inbound)}
	running := &inbound{s: s, peer: p, key: callKey{id: 1}}
	waiting := &inbound{s: s, peer: p, key: callKey{id: 2}}
	s.mu.Lock()
	s.peers[p.ID] = p
	s.cfg.concurrency = 1
	for _, in := range []*inbound{running, waiting} {
		if _, err := s.admit(in); err != nil {
			t.Error(err)
		}
	}
	s.mu.Unlock()
	s.sweep()
	if st := s.Stats(); st.Clients != 0 || st.Calls != 1 || len(s.turn) != 0 {
		t.Errorf("after the sweep: %+v, and %d turns", st, len(s.turn))
	}
	for _, in := range []*inbound{running, waiting} {
		if err := in.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("the context of call %d: %v", in.key.id, err)
		}
	}
	s.mu.Lock()
	s.remove(running)
	s.running--
	if got := s.from(&socket.Peer{ID: "ghost"}); got != nil {
		t.Error("a peer that is gone has come back")
	}
	s.mu.Unlock()
}

// TestLostEvents makes a link forget what it knew of its connection, as it does
// when its monitor has lost events: it finds out anew.
func TestLostEvents(t *testing.T) {
	s, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Bind("inproc://lost-events"); err != nil {
		t.Fatal(err)
	}
	c, err := NewClient()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect("inproc://lost-events"); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitServers(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	l := (*c.links.Load())[0]
	if !l.anew() {
		t.Fatal("the link is closed")
	}
	if err := c.WaitServers(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
}
