package discoverytest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/brokerless/brokerless/discovery"
)

// testUpdate: a change is told, once unless it comes in parts.
func testUpdate(w *town) {
	v := w.watch(w.backend(), w.service())
	in := w.instance()
	w.put(in)
	v.becomes("an instance")
	changed := in.Clone()
	changed.Name, changed.SocketType, changed.Realm = "renamed", "ROUTER", "elsewhere"
	changed.Metadata = map[string]string{"load": "7"}
	changed.Endpoints = w.endpoints(min(2, w.Endpoints))
	w.put(changed)
	v.becomes("the change")
	w.put(changed) // says nothing new
	w.put(w.instance())
	v.becomes("another instance")
	id := w.Seen(in).ID
	if w.Seen(changed).ID != id {
		return // whoever moves is another one
	}
	for kind, want := range map[discovery.Kind]int{discovery.Added: 1, discovery.Updated: 1, discovery.Removed: 0} {
		n := v.count(kind, id)
		if n == want || kind == discovery.Updated && w.Gradual && n > want {
			continue
		}
		w.Errorf("%s: told %d times, want %d\n%s", kind, n, want, v.tell())
	}
}

// testWithdraw: who goes is removed, with the reason, and the others stay.
func testWithdraw(w *town) {
	v := w.watch(w.backend(), w.service())
	goes, stays := w.instance(), w.instance()
	w.putAll([]discovery.Instance{goes, stays}, 1)
	v.becomes("two instances")
	w.remove(goes.ID)
	seen := w.Seen(goes)
	e := v.until(discovery.Removed, seen.ID)
	if !same(e.Instance, seen) {
		w.Errorf("removed as %+v, want it as it was: %+v", e.Instance, seen)
	}
	want := discovery.ErrLeft
	if w.Silent {
		want = discovery.ErrExpired
	}
	if !errors.Is(e.Err, want) {
		w.Errorf("removed with reason %v, want %v", e.Err, want)
	}
	w.put(w.instance())
	v.becomes("one more")
	w.put(goes)
	v.becomes("the one that had gone")
}

// testCloseWithdraws: a backend takes along what it announced, and nothing
// else.
func testCloseWithdraws(w *town) {
	if w.Publish != nil {
		w.Skip("the backend only reads")
	}
	v := w.watch(w.backend(), w.service())
	leaving := w.backend()
	for range 3 {
		in := w.instance()
		if _, err := leaving.Announce(w.context(), in); err != nil {
			w.Fatalf("Announce: %v", err)
		}
		w.truth[in.ID] = in
	}
	gone := w.want("")
	clear(w.truth)
	w.put(w.instance())
	for id := range gone {
		if _, ok := v.have[id]; !ok {
			v.until(discovery.Added, id)
		}
	}
	if err := leaving.Close(); err != nil {
		w.Fatalf("Close: %v", err)
	}
	v.becomes("what another backend announces")
}

// testRestart: an instance that comes back elsewhere is found there.
func testRestart(w *town) {
	v := w.watch(w.backend(), w.service())
	in := w.instance()
	w.put(in)
	v.becomes("an instance")
	for range 3 {
		in.Endpoints = []string{w.endpoint()}
		w.instead(in)
		v.becomes("the instance at another port")
	}
}

// testFifty: fifty are all found, by who was there before and who comes after.
func testFifty(w *town) {
	b := w.backend()
	before := w.watch(b, w.service())
	var all []discovery.Instance
	for i := range 50 {
		in := w.instance()
		in.Name = fmt.Sprintf("worker %d", i)
		all = append(all, in)
	}
	w.putAll(all, 5)
	before.becomes("fifty")
	w.watch(b, w.service()).becomes("fifty")
	w.watch(w.backend(), "").becomes("fifty")
	for _, in := range all[:25] {
		w.remove(in.ID)
	}
	before.becomes("twenty-five")
}

// testChurn: after any number of random changes the view is the truth.
func testChurn(w *town) {
	v := w.watch(w.backend(), w.service())
	c := w.churn()
	for step := range w.Steps {
		c.step()
		if step%25 == 24 {
			v.becomes(fmt.Sprintf("%d random changes", step+1))
		}
	}
	v.becomes("the last of the random changes")
}

// testSlowWatcher: who does not read holds nobody up, and is spared what does
// not matter any more.
func testSlowWatcher(w *town) {
	b := w.backend()
	fast, unread, stopped := w.watch(b, w.service()), w.watch(b, w.service()), w.watch(b, w.service())
	c := w.churn()
	c.step()
	stopped.becomes("the first")
	read := len(stopped.events)
	for range w.Steps {
		c.step()
	}
	fast.becomes("random changes")
	unread.becomes("random changes, unread until now")
	stopped.becomes("random changes, unread for a while")
	count := func(events []discovery.Event) (n int) {
		for _, e := range events {
			if e.Kind != discovery.Warning {
				n++
			}
		}
		return n
	}
	// A backend that keeps a set for each watcher may be a step behind with it.
	most := 2*len(c.pool) + 1
	if n := count(unread.events); n > most {
		w.Errorf("unread: %d events, want at most %d: two for each instance, and Synced\n%s", n, most, unread.tell())
	}
	if n := count(stopped.events[read:]); n > most {
		w.Errorf("unread for a while: %d events, want at most %d\n%s", n, most, stopped.tell())
	}
}

// A churn makes random changes to a few instances.
type churn struct {
	*town
	random *rand.Rand
	pool   []discovery.Instance
	steps  int
}

func (w *town) churn() *churn {
	seed := rand.Uint64()
	w.Logf("random changes from seed %d", seed)
	c := &churn{town: w, random: rand.New(rand.NewPCG(seed, 0))}
	for range 20 {
		c.pool = append(c.pool, w.instance())
	}
	return c
}

// step announces, changes, moves or withdraws one.
func (c *churn) step() {
	c.Helper()
	c.steps++
	in := &c.pool[c.random.IntN(len(c.pool))]
	_, there := c.truth[in.ID]
	switch what := c.random.IntN(4); {
	case there && what < 2:
		c.remove(in.ID)
		return
	case what == 2:
		in.Endpoints = []string{c.endpoint()}
	default:
		in.Metadata = map[string]string{"step": fmt.Sprint(c.steps)}
	}
	c.putIn(*in, 3)
}
