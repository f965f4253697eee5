package lan

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// A member is a node of a mesh in a process of its own on a host of its own.
type member struct {
	*process
	host *host
	id   discovery.ID
}

// members starts guests on so many hosts, which have not joined anything yet.
func (l *lan) members(t testing.TB, n int) []*member {
	t.Helper()
	hosts := make([]*host, n)
	for i := range hosts {
		hosts[i] = l.host(t, fmt.Sprintf("node%d", i))
	}
	acquaint(t, hosts)
	all := make([]*member, n)
	for i, h := range hosts {
		all[i] = &member{process: h.start(t), host: h}
	}
	return all
}

// join has all of them join a mesh at once. It returns how long it took until
// each of them had all others.
func join(t testing.TB, all []*member) (took []time.Duration) {
	t.Helper()
	var wg sync.WaitGroup
	took = make([]time.Duration, len(all))
	failed := make([]error, len(all))
	start := time.Now()
	for i, m := range all {
		wg.Go(func() {
			var at time.Time
			failed[i] = m.try("JoinMesh", Membership{Mesh: "orders", Name: m.host.name}, &m.id)
			if failed[i] == nil {
				failed[i] = m.try("WaitUp", len(all)-1, &at)
			}
			took[i] = at.Sub(start)
		})
	}
	wg.Wait()
	for i, err := range failed {
		if err != nil {
			t.Fatalf("%s: %v", all[i].host.name, err)
		}
	}
	return took
}

// census waits until each node has exactly one link to each other, as they and
// the system see it.
func census(t testing.TB, all []*member) {
	t.Helper()
	want := Census{Up: len(all) - 1, Links: len(all) - 1, Connections: len(all) - 1}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		wrong := ""
		for _, m := range all {
			var c Census
			m.call(t, "Census", nil, &c)
			if c != want {
				wrong = fmt.Sprintf("%s has %+v, want %+v", m.host.name, c, want)
			}
		}
		if wrong == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(wrong)
		}
	}
}

// flaps returns how often a peer was not seen as Up after it had been.
func flaps(t testing.TB, all []*member) (n int) {
	t.Helper()
	for _, m := range all {
		bad := m.happened(t, Query{Kinds: []string{"suspect", "gone"}})
		for _, r := range bad {
			if n++; n <= 10 {
				t.Logf("%s: %v", m.host.name, r)
			}
		}
	}
	return n
}

// manyNodes is how many nodes start at once.
const manyNodes = 50

// TestManyNodes starts many nodes at once, each on a host of its own. Each of
// them gets exactly one link to each other, and keeps it.
func TestManyNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	l := newLAN(t)
	wire := l.watchWire(t)
	all := l.members(t, manyNodes)
	join(t, all)
	census(t, all)
	busiest, total := packets(t, wire)
	t.Logf("%d mDNS packets, %d of them in one second", total, busiest)
	census(t, all)
	if n := flaps(t, all); n > 0 {
		t.Errorf("%d times a peer was not Up any more", n)
	}
}

// TestMeshKilled kills a node, and cuts the link of another: both are Gone in the
// end, and the rest stays as it was.
func TestMeshKilled(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	all := l.members(t, 5)
	join(t, all)
	killed, cut, rest := all[0], all[1], all[2:]
	killed.kill(t)
	cut.host.eth0().cut(t)
	for _, m := range rest {
		for _, lost := range []*member{killed, cut} {
			m.await(t, Query{Kinds: []string{"suspect"}, ID: lost.id.String()})
			if gone := m.await(t, Query{Kinds: []string{"gone"}, ID: lost.id.String()}); gone.Text != "lost" {
				t.Errorf("gone because of %q, want lost", gone.Text)
			}
		}
	}
	census(t, rest)

	// Who comes back is welcome.
	cut.host.eth0().restore(t)
	for _, m := range rest {
		gone := m.await(t, Query{Kinds: []string{"gone"}, ID: cut.id.String()})
		m.await(t, Query{Kinds: []string{"up"}, ID: cut.id.String(), From: gone.Index})
	}
	census(t, append(rest, cut))
	for _, m := range rest {
		for _, other := range rest {
			q := Query{Kinds: []string{"suspect", "gone"}, ID: other.id.String()}
			if bad := m.happened(t, q); len(bad) > 0 {
				t.Errorf("%s lost one that was there: %v", m.host.name, bad)
			}
		}
	}
}

// TestMeshLinkCutBriefly cuts a link for so short a time that nobody is Gone.
func TestMeshLinkCutBriefly(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	all := l.members(t, 3)
	join(t, all)
	cut := all[0]
	cut.host.eth0().cut(t)
	suspected := all[1].await(t, Query{Kinds: []string{"suspect"}, ID: cut.id.String()})
	cut.host.eth0().restore(t)
	all[1].await(t, Query{Kinds: []string{"up"}, ID: cut.id.String(), From: suspected.Index})
	census(t, all)
	for _, m := range all {
		if gone := m.happened(t, Query{Kinds: []string{"gone"}}); len(gone) > 0 {
			t.Errorf("%s: %v", m.host.name, gone)
		}
	}
}

// TestMeshLeft has a node leave as it should: it is Gone, and not Suspect first.
func TestMeshLeft(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	all := l.members(t, 3)
	join(t, all)
	for _, m := range all[1:] { // who sleeps through both its coming and its leaving hears of neither
		m.await(t, Query{Kinds: []string{"up"}, ID: all[0].id.String()})
	}
	all[0].call(t, "Close", nil, nil)
	for _, m := range all[1:] {
		if gone := m.await(t, Query{Kinds: []string{"gone"}, ID: all[0].id.String()}); gone.Text != "left" {
			t.Errorf("gone because of %q, want left", gone.Text)
		}
		if bad := m.happened(t, Query{Kinds: []string{"suspect"}}); len(bad) > 0 {
			t.Errorf("%v", bad)
		}
	}
}

// TestMeshParted cuts a network in two until each half has given up the other,
// and makes it whole again: so is the mesh.
func TestMeshParted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	t.Parallel()
	l := newLAN(t)
	far, trunk := l.segments[0].extend(t)
	all := l.members(t, 3)
	for i := range 3 {
		h := l.bare(t, fmt.Sprintf("far%d", i))
		h.plug(t, far)
		all = append(all, &member{process: h.start(t), host: h})
	}
	join(t, all)
	census(t, all)
	near := all[:3]
	trunk.cut(t)
	for _, m := range all {
		for _, other := range all {
			if (m.host.eth0().segment == far) != (other.host.eth0().segment == far) {
				m.await(t, Query{Kinds: []string{"gone"}, ID: other.id.String(), Text: "lost"})
			}
		}
	}
	trunk.restore(t)
	start := time.Now()
	for _, m := range all {
		m.call(t, "WaitUp", len(all)-1, new(time.Time))
	}
	t.Logf("one again after %v", time.Since(start))
	census(t, all)
	for _, m := range near {
		for _, other := range near {
			if bad := m.happened(t, Query{Kinds: []string{"suspect", "gone"}, ID: other.id.String()}); len(bad) > 0 {
				t.Errorf("lost one of the same half: %v", bad)
			}
		}
	}
}

// TestMeshStopped stops a process (SIGSTOP) until it is Gone for the others, and
// lets it go on.
func TestMeshStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	l := newLAN(t)
	all := l.members(t, 4)
	join(t, all)
	stopped, rest := all[0], all[1:]
	must(t, stopped.cmd.Process.Signal(syscall.SIGSTOP))
	for _, m := range rest {
		m.await(t, Query{Kinds: []string{"gone"}, ID: stopped.id.String(), Text: "lost"})
	}
	must(t, stopped.cmd.Process.Signal(syscall.SIGCONT))
	for _, m := range all {
		m.call(t, "WaitUp", len(all)-1, new(time.Time))
	}
	census(t, all)
}

// TestMeshStoodStill stops all processes for longer than a heartbeat waits, as
// happens to all that run on a machine that is suspended. When they go on,
// nobody takes the time that is missing for the silence of others.
func TestMeshStoodStill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	t.Parallel()
	l := newLAN(t)
	all := l.members(t, 6)
	join(t, all)
	census(t, all)
	signal := func(s syscall.Signal) {
		for _, m := range all {
			must(t, m.cmd.Process.Signal(s))
		}
	}
	signal(syscall.SIGSTOP)
	<-time.After(12 * time.Second)
	signal(syscall.SIGCONT)
	for _, m := range all { // each of them looks a few times, and finds nothing
		q := Query{Kinds: []string{"suspect", "gone"}, Within: 500 * time.Millisecond}
		if err := m.try("Await", q, new(Record)); err == nil {
			t.Errorf("%s: %v", m.host.name, m.happened(t, q))
		}
	}
	census(t, all)
}

// TestMeshRealms has two realms in one mesh on one network: there is no link
// between them.
func TestMeshRealms(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	realms := map[string][]*member{"red": l.members(t, 2)}
	for _, name := range []string{"blue0", "blue1"} {
		h := l.host(t, name)
		realms["blue"] = append(realms["blue"], &member{process: h.start(t), host: h})
	}
	for range 2 { // whoever comes first
		for realm, all := range realms {
			m := all[0]
			if m.id != (discovery.ID{}) {
				m = all[1]
			}
			m.call(t, "JoinMesh", Membership{Mesh: "orders", Realm: realm}, &m.id)
		}
	}
	for _, all := range realms {
		for _, m := range all {
			m.call(t, "WaitUp", 1, new(time.Time))
		}
		census(t, all)
	}
}

// TestMeshKeys has three companies in one mesh on one network: two with a
// passphrase each, and one without. There is no link between any two of them, and
// each node is told why of each that it is not linked with.
func TestMeshKeys(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	all := l.members(t, 6)
	passphrases := []string{"one", "two", ""}
	for i, m := range all {
		m.call(t, "JoinMesh", Membership{Mesh: "orders", Name: m.host.name, Passphrase: passphrases[i%3]}, &m.id)
	}
	for i, m := range all {
		m.call(t, "WaitUp", 1, new(time.Time))
		for j, other := range all {
			if i%3 != j%3 {
				m.await(t, Query{Kinds: []string{"not linked"}, ID: other.id.String()})
			}
		}
	}
	for i := range 3 {
		census(t, []*member{all[i], all[i+3]})
	}
}
