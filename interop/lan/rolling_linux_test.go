package lan

import (
	"testing"
	"time"
)

// TestRollingRestart restarts the instances of a service one after the other
// while it is called. No call fails.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	calls := rollingRestart(t, newLAN(t), 1)
	t.Logf("%+v", calls)
	if calls.Failed > 0 {
		t.Errorf("%d of %d calls failed: %s", calls.Failed, calls.Made, calls.Error)
	}
}

// rollingRestart restarts three instances of a service, a number of times, while
// a node on another host calls it.
func rollingRestart(t testing.TB, l *lan, rounds int) Calls {
	t.Helper()
	all := l.members(t, 4)
	join(t, all)
	caller, servers := all[0], all[1:]
	for _, s := range servers {
		s.call(t, "Serve", "price", nil)
	}
	caller.call(t, "Load", Parcel{"price", "pear"}, nil)
	progress(t, caller)
	for range rounds {
		for i, s := range servers {
			s.call(t, "Close", nil, nil)
			s.kill(t)
			m := &member{process: s.host.start(t), host: s.host}
			m.call(t, "JoinMesh", Membership{Mesh: "orders", Name: s.host.name}, &m.id)
			m.call(t, "Serve", "price", nil)
			var at time.Time
			m.call(t, "WaitUp", len(servers), &at)
			servers[i] = m
			progress(t, caller)
		}
	}
	var calls Calls
	caller.call(t, "Unload", nil, &calls)
	return calls
}

// progress waits until some more calls were made.
func progress(t testing.TB, caller *member) {
	t.Helper()
	var first, made int
	caller.call(t, "Loaded", nil, &first)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); made < first+100; <-tick.C {
		caller.call(t, "Loaded", nil, &made)
		if time.Now().After(deadline) {
			t.Fatalf("%d calls in %v", made-first, patience)
		}
	}
}
