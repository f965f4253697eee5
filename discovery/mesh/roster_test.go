package mesh

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// clocked is a roster with a clock of its own, and a watcher.
type clocked struct {
	*roster
	now time.Time
}

func newClocked(most int) *clocked {
	return &clocked{newRoster(most, 8*time.Second, newAudience(new(sync.Mutex), func() {})), time.Now()}
}

func (c *clocked) wait(d time.Duration) { c.now = c.now.Add(d) }

// trail returns what has happened, in short.
func (c *clocked) trail() string {
	var all []string
	for _, e := range c.audience.history.all() {
		s := e.Kind.String()
		if e.Kind == Changed {
			s = e.Peer.State.String()
		}
		if e.Reason != 0 {
			s += "(" + e.Reason.String() + ")"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func incarnated(n uint64) *state {
	s := &state{incarnation: n}
	return s
}

func TestRoster(t *testing.T) {
	id := discovery.NewID()
	lost := errors.New("lost")
	up := func(c *clocked) {
		c.announced(id, "a", c.now)
		c.linked(id, c.now)
		c.hello(id, incarnated(1), c.now)
	}
	tests := []struct {
		name string
		do   func(c *clocked)
		want string
	}{
		{"found and linked", up, "joining up"},
		{"linked and never announced", func(c *clocked) {
			c.linked(id, c.now)
			c.hello(id, incarnated(1), c.now)
		}, "joining up"},
		{"withdrawn before it was reached", func(c *clocked) {
			c.announced(id, "a", c.now)
			c.withdrawn(id, false, c.now)
		}, "joining gone(withdrawn)"},
		{"discovery loss alone cuts nothing", func(c *clocked) {
			up(c)
			c.withdrawn(id, false, c.now)
			c.withdrawn(id, true, c.now)
			c.wait(time.Hour)
			c.tick(c.now)
		}, "joining up"},
		{"cut and back in time", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			c.wait(7 * time.Second)
			c.tick(c.now)
			c.linked(id, c.now)
			c.hello(id, incarnated(1), c.now)
			c.wait(time.Hour)
			c.tick(c.now)
		}, "joining up suspect up"},
		{"cut for too long", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			c.wait(8 * time.Second)
			c.tick(c.now)
		}, "joining up suspect gone(lost)"},
		{"Suspect while the process stood still", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			c.wait(time.Second)
			c.tick(c.now)
			c.wait(time.Hour)
			c.stoodStill(time.Hour)
			c.tick(c.now)
			c.linked(id, c.now)
			c.hello(id, incarnated(1), c.now)
			c.unlinked(id, lost, c.now)
			c.wait(8 * time.Second)
			c.tick(c.now)
		}, "joining up suspect up suspect gone(lost)"},
		{"linked again but mute", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			c.linked(id, c.now)
			c.wait(8 * time.Second)
			c.tick(c.now)
		}, "joining up suspect gone(lost)"},
		{"let in and thrown out, until it has noticed the end of the first link", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			for range 5 {
				c.wait(2 * time.Second)
				c.tick(c.now)
				c.linked(id, c.now)
				c.unlinked(id, lost, c.now)
			}
			c.linked(id, c.now)
			c.hello(id, incarnated(1), c.now)
		}, "joining up suspect up"},
		{"let in and thrown out for ever", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			for range 8 {
				c.wait(2 * time.Second)
				c.linked(id, c.now)
				c.unlinked(id, lost, c.now)
				c.tick(c.now)
			}
		}, "joining up suspect gone(lost)"},
		{"cut, and said goodbye to discovery", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			c.withdrawn(id, true, c.now)
		}, "joining up suspect gone(left)"},
		{"cut, and announced no more", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			c.withdrawn(id, false, c.now)
		}, "joining up suspect"},
		{"silent and heard again", func(c *clocked) {
			up(c)
			c.silent(id, lost, c.now)
			c.silent(id, lost, c.now)
			c.wait(time.Second)
			c.heard(id, incarnated(1), c.now)
			c.heard(id, incarnated(1), c.now)
		}, "joining up suspect up"},
		{"silent for too long, and back", func(c *clocked) {
			up(c)
			c.silent(id, lost, c.now)
			c.wait(8 * time.Second)
			c.tick(c.now)
			c.heard(id, incarnated(1), c.now)
		}, "joining up suspect gone(lost) joining up"},
		{"silent, then cut: the time counts from the silence", func(c *clocked) {
			up(c)
			c.silent(id, lost, c.now)
			c.wait(7 * time.Second)
			c.unlinked(id, lost, c.now)
			c.wait(time.Second)
			c.tick(c.now)
		}, "joining up suspect gone(lost)"},
		{"goodbye", func(c *clocked) {
			up(c)
			c.gone(id, Left, nil, c.now)
			c.unlinked(id, lost, c.now)
			c.withdrawn(id, true, c.now)
		}, "joining up gone(left)"},
		{"another process with its id", func(c *clocked) {
			up(c)
			c.unlinked(id, lost, c.now)
			c.linked(id, c.now)
			c.hello(id, incarnated(2), c.now)
		}, "joining up suspect gone(replaced) joining up"},
		{"refused", func(c *clocked) {
			c.announced(id, "a", c.now)
			c.linked(id, c.now)
			c.gone(id, RefusedRealm, nil, c.now)
		}, "joining gone(refused: another realm)"},
		{"refused though nobody announced it", func(c *clocked) {
			c.linked(id, c.now)
			c.gone(id, RefusedMesh, nil, c.now)
		}, "gone(refused: another mesh)"},
		{"news", func(c *clocked) {
			up(c)
			c.news(id, &state{incarnation: 1, Name: "b"})
			c.news(id, &state{incarnation: 1, Name: "b"})
			c.drain(id)
			c.drain(id)
		}, "joining up updated updated"}, //nolint:dupword // two of them
		{"two at most", func(c *clocked) {
			c.announced(discovery.NewID(), "", c.now)
			c.announced(discovery.NewID(), "", c.now)
			c.announced(discovery.NewID(), "", c.now)
			c.hello(discovery.NewID(), incarnated(1), c.now)
		}, "joining joining warning"}, //nolint:dupword // two of them
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClocked(2)
			tt.do(c)
			if got := c.trail(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRosterTellsWhenToTick(t *testing.T) {
	c := newClocked(9)
	if next := c.tick(c.now); !next.IsZero() {
		t.Errorf("nobody is suspect, yet %v", next)
	}
	begin := c.now
	for i := range 3 {
		id := discovery.ID{byte(i + 1)}
		c.hello(id, incarnated(1), c.now)
		c.unlinked(id, nil, c.now)
		c.wait(time.Second)
	}
	for i := range 3 {
		if next, want := c.tick(c.now), begin.Add(time.Duration(8+i)*time.Second); !next.Equal(want) {
			t.Errorf("next in %v, want %v", next.Sub(begin), want.Sub(begin))
		}
		c.now = begin.Add(time.Duration(8+i) * time.Second)
	}
	if next := c.tick(c.now); !next.IsZero() || len(c.members) != 0 {
		t.Errorf("%d left, next %v", len(c.members), next)
	}
}

func TestHistoryKeepsTheNewest(t *testing.T) {
	var h history
	for i := range maxHistory + 10 {
		h.add(Event{Reason: Reason(i % 200), Time: time.Unix(int64(i), 0)})
	}
	all := h.all()
	if len(all) != maxHistory || !slices.IsSortedFunc(all, func(a, b Event) int { return a.Time.Compare(b.Time) }) {
		t.Fatalf("%d events", len(all))
	}
	if got := all[0].Time.Unix(); got != 10 {
		t.Errorf("the oldest is %d", got)
	}
}

func TestEventString(t *testing.T) {
	id := discovery.ID{0xab}
	tests := []struct {
		e    Event
		want string
	}{
		{Event{Kind: Synced}, "synced"},
		{Event{Kind: Changed, Peer: Peer{ID: id, Name: "till", State: Up}}, `ab000000 "till" up`},
		{Event{Kind: Changed, Peer: Peer{ID: id, State: Gone}, Reason: Lost, Err: errors.New("silent")}, "ab000000 gone, lost: silent"},
		{Event{Kind: Warning, Err: ErrInbox}, "warning: brokerless: inbox full"},
		{Event{Kind: 9, Reason: 99}, "event 9, reason 99"},
	}
	for _, tt := range tests {
		if got := tt.e.String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if got := State(9).String(); got != "state 9" {
		t.Errorf("%q", got)
	}
}
