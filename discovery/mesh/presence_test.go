package mesh

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// What a watcher is told adds up to what is the case, whenever it reads.
func TestPresenceEqualsTheRosterAfterRandomSteps(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			c := newClocked(12)
			mu := c.audience.mu
			ids := make([]discovery.ID, 15)
			for i := range ids {
				ids[i][0] = byte(i + 1)
			}
			watchers := map[*Presence]map[discovery.ID]State{}
			for range 1000 {
				id := ids[r.IntN(len(ids))]
				mu.Lock()
				churn(c, r, id)
				if r.IntN(100) == 0 {
					watchers[c.audience.watch(c.roster, nil)] = map[discovery.ID]State{}
				}
				mu.Unlock()
				for w, seen := range watchers {
					for range r.IntN(3) * r.IntN(3) {
						read(t, w, seen)
					}
				}
			}
			truth := map[discovery.ID]State{}
			for id, m := range c.members {
				truth[id] = m.is
			}
			for w, seen := range watchers {
				for read(t, w, seen) {
				}
				if !maps.Equal(seen, truth) {
					t.Errorf("a watcher believes %v, the truth is %v", seen, truth)
				}
				if n := len(w.told); n != len(truth) {
					t.Errorf("a watcher remembers %d, there are %d", n, len(truth))
				}
			}
		})
	}
}

// churn does one thing at random.
func churn(c *clocked, r *rand.Rand, id discovery.ID) {
	c.wait(time.Duration(r.IntN(2000)) * time.Millisecond)
	switch r.IntN(9) {
	case 0:
		c.announced(id, fmt.Sprint(r.IntN(3)), c.now)
	case 1:
		c.withdrawn(id, r.IntN(2) == 0, c.now)
	case 2:
		c.linked(id, c.now)
	case 3:
		c.unlinked(id, nil, c.now)
	case 4, 5:
		c.hello(id, incarnated(1+r.Uint64N(3)), c.now)
	case 6:
		c.gone(id, Reason(1+r.IntN(int(reasons)-1)), nil, c.now)
	case 7:
		c.silent(id, nil, c.now)
	case 8:
		c.news(id, &state{Name: fmt.Sprint(r.IntN(9))})
	}
	c.tick(c.now)
}

// read takes one event, and holds it against what was seen before.
func read(t *testing.T, w *Presence, seen map[discovery.ID]State) bool {
	t.Helper()
	e, ok, err := w.take()
	if err != nil {
		t.Fatal(err)
	}
	if !ok || e.Kind == Synced || e.Kind == Warning {
		return ok
	}
	id := e.Peer.ID
	switch before, known := seen[id]; {
	case e.Peer.State == Gone:
		if !known && !e.Reason.Refused() {
			t.Errorf("told of the end of one never told of: %v", e)
		}
		delete(seen, id)
		return true
	case e.Kind == Updated && (!known || before != e.Peer.State):
		t.Errorf("update of one who was %v: %v", before, e)
	case e.Kind == Changed && known && before == e.Peer.State:
		t.Errorf("no change: %v", e)
	}
	seen[id] = e.Peer.State
	return true
}

func TestPresenceOfASlowWatcherCostsLittle(t *testing.T) {
	c := newClocked(100)
	w := c.audience.watch(c.roster, nil)
	stay := discovery.NewID()
	c.hello(stay, incarnated(1), c.now)
	for range 50_000 {
		id := discovery.NewID()
		c.hello(id, incarnated(1), c.now)
		c.gone(id, RefusedMesh, nil, c.now)
	}
	for range 1000 {
		c.audience.warn(Event{Err: ErrInbox})
	}
	if len(w.queue) > minQueue || len(w.queued) > minQueue || len(w.warnings) > maxWarnings {
		t.Errorf("%d in the queue, %d marked, %d warnings", len(w.queue), len(w.queued), len(w.warnings))
	}
	seen := map[discovery.ID]State{}
	synced := 0
	for {
		e, ok, _ := w.take()
		if !ok {
			break
		}
		if e.Kind == Synced {
			synced++
		}
		if e.Kind == Changed {
			seen[e.Peer.ID] = e.Peer.State
		}
	}
	if seen[stay] != Up || synced != 1 {
		t.Errorf("the one who stays is %v; synced %d times", seen[stay], synced)
	}
}
