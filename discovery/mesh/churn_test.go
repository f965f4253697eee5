package mesh

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// Nodes come, leave and are killed at random; who watches all the time knows in
// the end who is there.
func TestPresenceEqualsTheTruthAfterChurn(t *testing.T) {
	steps := 1000
	if raced || testing.Short() {
		steps = 60
	}
	const most = 5
	var h hub
	watcher := h.join(t, WithSuspect(50*time.Millisecond))
	w := watcher.Presence(t.Context())
	defer w.Close()
	seen := map[discovery.ID]State{}
	r := rand.New(rand.NewPCG(1, 2))
	alive := map[discovery.ID]*Node{}
	for range steps {
		if len(alive) < most && (len(alive) == 0 || r.IntN(2) == 0) {
			n := h.join(t, WithSuspect(50*time.Millisecond))
			alive[n.ID()] = n
			if r.IntN(2) == 0 {
				wait(t, n, 1)
			}
		} else {
			for id, n := range alive { // any
				if r.IntN(2) == 0 {
					kill(n)
				}
				if err := n.Close(); err != nil {
					t.Fatal(err)
				}
				delete(alive, id)
				break
			}
		}
		for range r.IntN(4) {
			read(t, w, seen)
		}
	}
	truth := map[discovery.ID]State{}
	for id := range alive {
		truth[id] = Up
	}
	eventually(t, watcher, "the truth", func() bool {
		have := map[discovery.ID]State{}
		for _, p := range watcher.Peers() {
			have[p.ID] = p.State
		}
		return maps.Equal(have, truth)
	})
	for read(t, w, seen) {
	}
	if !maps.Equal(seen, truth) {
		t.Errorf("seen %v, the truth is %v", seen, truth)
	}
}
