package gossip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/brokerless/brokerless/discovery"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// testState returns the state of a node that is alone.
func testState(t *testing.T) *state {
	t.Helper()
	s, err := newSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	return newState(s)
}

func member(id discovery.ID) *memberlist.Node {
	return &memberlist.Node{Name: id.String(), Addr: net.IPv4(127, 0, 0, 1), Port: uint16(id[0]) + 1}
}

// hear lets the state receive a list of the owner by gossip.
func hear(s *state, owner discovery.ID, version uint64, left bool, all ...discovery.Instance) {
	l := encodeList(owner, version, left, all)
	for _, b := range l.packets() {
		s.receive(b, now)
	}
}

// events returns what a watcher has to tell now.
func events(t *testing.T, w *discovery.Watcher) (all []discovery.Event) {
	t.Helper()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		e, err := w.Next(done)
		if err != nil {
			return all
		}
		if e.Kind != discovery.Synced {
			all = append(all, e)
		}
	}
}

// check compares what the watcher tells with lines of kind, service, and error.
func check(t *testing.T, w *discovery.Watcher, want ...discovery.Event) {
	t.Helper()
	got := events(t, w)
	if len(got) != len(want) {
		t.Fatalf("events %v, want %v", got, want)
	}
	for i := range want {
		if got[i].Kind != want[i].Kind || got[i].Instance.Service != want[i].Instance.Service || !errors.Is(got[i].Err, want[i].Err) {
			t.Fatalf("event %v, want %v", got[i], want[i])
		}
	}
}

func event(k discovery.Kind, in discovery.Instance, err error) discovery.Event {
	return discovery.Event{Kind: k, Instance: in, Err: err}
}

func TestStateShowsMembersOnly(t *testing.T) {
	s := testState(t)
	w := s.catalog.Watch(t.Context(), "", nil)
	defer w.Close()
	owner, in := discovery.NewID(), instance("a")
	hear(s, owner, 1, false, in)
	check(t, w)
	s.join(member(owner), now)
	check(t, w, event(discovery.Added, in, nil))
	in.Name = "new"
	hear(s, owner, 2, false, in)
	check(t, w, event(discovery.Updated, in, nil))
	hear(s, owner, 1, false)
	check(t, w) // old news
	hear(s, owner, 3, false)
	check(t, w, event(discovery.Removed, in, discovery.ErrLeft))
}

func TestStateGoodbye(t *testing.T) {
	in := instance("a")
	for name, c := range map[string]struct {
		goodbyeFirst bool
		after        time.Duration // between the end of membership and the goodbye
		want         error
	}{
		"goodbye first":     {goodbyeFirst: true, want: discovery.ErrLeft},
		"goodbye after":     {after: 100 * time.Millisecond, want: discovery.ErrLeft},
		"goodbye too late":  {after: time.Second, want: discovery.ErrExpired},
		"no goodbye at all": {after: time.Hour, want: discovery.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			s := testState(t)
			w := s.catalog.Watch(t.Context(), "", nil)
			defer w.Close()
			owner := discovery.NewID()
			s.join(member(owner), now)
			hear(s, owner, 1, false, in)
			check(t, w, event(discovery.Added, in, nil))
			if c.goodbyeFirst {
				hear(s, owner, 2, true)
				check(t, w, event(discovery.Removed, in, c.want))
				s.leave(owner.String(), now)
			} else {
				s.leave(owner.String(), now)
				check(t, w) // it may still say why
				s.tend(now.Add(c.after), 1)
				hear(s, owner, 2, true)
				check(t, w, event(discovery.Removed, in, c.want))
			}
			s.tend(now.Add(time.Minute), 1)
			hear(s, owner, 1, false, in) // late gossip
			check(t, w)
		})
	}
}

// A node that was taken for dead by mistake, or comes back after a split, has
// its instances again though it says nothing new.
func TestStateComesBack(t *testing.T) {
	s := testState(t)
	w := s.catalog.Watch(t.Context(), "", nil)
	defer w.Close()
	owner, in := discovery.NewID(), instance("a")
	s.join(member(owner), now)
	hear(s, owner, 1, false, in)
	check(t, w, event(discovery.Added, in, nil))
	s.leave(owner.String(), now)
	s.tend(now.Add(time.Minute), 1)
	check(t, w, event(discovery.Removed, in, discovery.ErrExpired))
	if _, lost := s.addresses(); len(lost) != 1 {
		t.Errorf("lost %v, want one", lost)
	}
	s.join(member(owner), now.Add(2*time.Minute))
	check(t, w, event(discovery.Added, in, nil))
	s.leave(owner.String(), now)
	s.tend(now.Add(time.Hour), 1)
	check(t, w, event(discovery.Removed, in, discovery.ErrExpired))
	if len(s.nodes) != 1 || s.octets != len(s.me.list.octets) {
		t.Errorf("remembers %d nodes with %d octets after an hour", len(s.nodes)-1, s.octets)
	}
}

func TestStateConflict(t *testing.T) {
	s := testState(t)
	w := s.catalog.Watch(t.Context(), "", nil)
	defer w.Close()
	first, second := discovery.NewID(), discovery.NewID()
	in := instance("a")
	copied := in.Clone()
	copied.Name = "copied"
	s.join(member(first), now)
	s.join(member(second), now)
	hear(s, first, 1, false, in)
	check(t, w, event(discovery.Added, in, nil))
	hear(s, second, 1, false, copied)
	check(t, w, event(discovery.Warning, copied, discovery.ErrConflict))
	hear(s, second, 2, false, copied)
	check(t, w) // told already
	if got, _ := s.catalog.Lookup(in.ID); got.Name != in.Name {
		t.Errorf("%q is kept, want the first", got.Name)
	}
	hear(s, first, 2, true)
	check(t, w, event(discovery.Updated, copied, nil)) // gone and come, seen as one
}

func TestStateFull(t *testing.T) {
	s := testState(t)
	s.catalog.Max = 100
	w := s.catalog.Watch(t.Context(), "", nil)
	defer w.Close()
	for i := range 100 {
		owner := discovery.NewID()
		s.join(member(owner), now)
		var all []discovery.Instance
		for range 100 {
			all = append(all, discovery.Instance{ID: discovery.NewID(), Service: fmt.Sprint("s", i), Version: 1})
		}
		l := encodeList(owner, 1, false, all)
		s.merge(encodeState([]list{l}), now)
	}
	warnings := 0
	for _, e := range events(t, w) {
		if e.Kind == discovery.Warning && errors.Is(e.Err, discovery.ErrFull) {
			warnings++
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings that the catalog is full, want 1", warnings)
	}
	if n := len(s.catalog.Instances("")); n != 100 {
		t.Errorf("%d instances, want 100", n)
	}
	if s.octets > s.max {
		t.Errorf("%d octets, want at most %d", s.octets, s.max)
	}
	// Whoever goes makes room for those that found none.
	var shown discovery.ID
	for _, n := range s.nodes {
		if len(n.shown) > 0 {
			shown = n.id
		}
	}
	hear(s, shown, 2, true)
	if n := len(s.catalog.Instances("")); n != 100 {
		t.Errorf("%d instances after some went, want 100", n)
	}
}

// The octets of all lists are bounded, and one that found no room is asked for
// again when there is some.
func TestStateTooMuch(t *testing.T) {
	s := testState(t)
	s.max = 3000
	w := s.catalog.Watch(t.Context(), "", nil)
	defer w.Close()
	const owners = 5
	for range owners {
		owner := discovery.NewID()
		s.join(member(owner), now)
		hear(s, owner, 1, false, largest(t))
	}
	if s.octets > s.max {
		t.Errorf("%d octets, want at most %d", s.octets, s.max)
	}
	full := 0
	for _, e := range events(t, w) {
		if errors.Is(e.Err, discovery.ErrFull) {
			full++
		}
	}
	if full != 1 {
		t.Errorf("%d warnings, want 1", full)
	}
	asked := s.tend(now.Add(time.Minute), 0).ask
	if want := owners - len(s.catalog.Instances("")); len(asked) != want {
		t.Errorf("%d are asked again, want %d", len(asked), want)
	}
}

func TestStateMalformed(t *testing.T) {
	s := testState(t)
	w := s.catalog.Watch(t.Context(), "", nil)
	defer w.Close()
	owner, good, bad := discovery.NewID(), instance("good"), instance("bad")
	s.join(member(owner), now)
	bad.Endpoints = []string{"tcp://0.0.0.0:1"}
	hear(s, owner, 1, false, bad, good)
	check(t, w, event(discovery.Warning, discovery.Instance{}, discovery.ErrMalformed), event(discovery.Added, good, nil))
	s.receive([]byte{99}, now)
	check(t, w, event(discovery.Warning, discovery.Instance{}, discovery.ErrMalformed))
	s.receive([]byte{98}, now)
	s.merge([]byte("nonsense"), now)
	check(t, w) // enough said
}

// Whoever has heard of a list but did not get it asks, ever more rarely.
func TestStateAsks(t *testing.T) {
	s := testState(t)
	owner := discovery.NewID()
	s.join(member(owner), now)
	if c := s.tend(now, 1); len(c.ask) != 0 || c.next.IsZero() {
		t.Fatalf("asks %v at once, next at %v: want to wait", c.ask, c.next)
	}
	asked := 0
	at := now
	for at.Before(now.Add(5 * time.Minute)) {
		c := s.tend(at, 1)
		asked += len(c.ask)
		at = c.next
		if at.IsZero() {
			t.Fatal("does not go on asking")
		}
	}
	if asked < 4 || asked > 20 {
		t.Errorf("asked %d times in 5 minutes, want some", asked)
	}
	hear(s, owner, 1, false)
	if c := s.tend(at, 1); len(c.ask) != 0 {
		t.Error("asks for what came")
	}
	s.probed(owner.String(), []byte{format, 2}, at)
	if c := s.tend(at.Add(10*time.Second), 1); len(c.ask) != 1 {
		t.Error("does not ask for what the answer to a probe told of")
	}
	s.receive(encodeWant(owner), at)
	if c := s.tend(at, 0); len(c.reply) != 0 {
		t.Error("replies without room")
	}
	if c := s.tend(at, 1); len(c.reply) != 1 {
		t.Error("does not reply")
	}
	if c := s.tend(at, 1); len(c.reply) != 0 {
		t.Error("replies twice")
	}
}

// What is heard of nodes that never become members is bounded, and forgotten.
func TestStateStrangers(t *testing.T) {
	s := testState(t)
	for range 1000 {
		hear(s, discovery.NewID(), 1, false, instance("a"))
	}
	if n := len(s.nodes); n > 1+maxStrangers+maxLost {
		t.Errorf("knows %d strangers", n-1)
	}
	s.tend(now.Add(rememberStranger), 1)
	if n := len(s.nodes); n != 1 || s.octets != len(s.me.list.octets) {
		t.Errorf("still knows %d strangers, %d octets", n-1, s.octets)
	}
	for range 1000 {
		owner := discovery.NewID()
		s.join(member(owner), now)
		s.leave(owner.String(), now)
	}
	if _, lost := s.addresses(); len(s.nodes) > 1+maxLost || len(lost) > maxLost {
		t.Errorf("knows %d nodes that are lost", len(s.nodes)-1)
	}
}
