package lan

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// watched runs a watch of a fake host in a bubble. told returns what the watch
// has told so far.
func watched(t *testing.T, f *fake, every time.Duration) (told func() [][]string, change func(func())) {
	t.Helper()
	var mu sync.Mutex
	var all [][]string
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.system().watch(ctx, every, Options{}, func(links []Link) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, names(links))
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	synctest.Wait()
	return func() [][]string {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(all)
		}, func(do func()) {
			f.mu.Lock()
			defer f.mu.Unlock()
			do()
		}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f fake
		f.add("eth0", lanFlags, "192.0.2.7/24")
		told, change := watched(t, &f, 0)
		if got := told(); len(got) != 1 {
			t.Fatalf("told %v at first, want once", got)
		}
		advance(t, time.Minute)
		if got := told(); len(got) != 1 {
			t.Fatalf("told %v while nothing changed", got)
		}
		change(func() { f.add("eth1", lanFlags, "198.51.100.7/24") })
		advance(t, 5*time.Second)
		if got := told(); len(got) != 2 || !slices.Equal(got[1], []string{"eth0", "eth1"}) {
			t.Fatalf("told %v, want eth0 and eth1 within 5 s", got)
		}
		change(func() { f.err = errors.New("busy") })
		advance(t, time.Minute)
		change(func() { f.err = nil })
		advance(t, time.Minute)
		if got := told(); len(got) != 2 {
			t.Fatalf("told %v after a system that could not tell", got)
		}
		change(func() { f.addrs["eth1"] = []string{"198.51.100.8/24"} })
		advance(t, 5*time.Second)
		if got := told(); len(got) != 3 {
			t.Fatalf("told %v, want a change of address", got)
		}
	})
}

// What comes up bit by bit is told once, and what never rests is told too.
func TestWatchSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f fake
		f.add("eth0", lanFlags, "192.0.2.7/24")
		told, change := watched(t, &f, 3*time.Second)
		change(func() { f.addrs["eth0"] = []string{"192.0.2.8/24"} })
		advance(t, 3*time.Second)
		change(func() { f.addrs["eth0"] = []string{"192.0.2.8/24", "2001:db8::8/64"} })
		advance(t, 3*time.Second)
		if got := told(); len(got) != 2 {
			t.Errorf("told %d times, want 2", len(got))
		}
		for i := range 60 { // an address that comes and goes with every look
			change(func() { f.addrs["eth0"] = []string{"192.0.2.8/24", "2001:db8::8/64"}[:1+i%2] })
			advance(t, time.Second)
		}
		if got := len(told()); got < 5 || got > 20 {
			t.Errorf("told %d times of links that never rest, want 5 to 20", got)
		}
	})
}

// advance lets the bubble's time pass.
func advance(t *testing.T, d time.Duration) {
	t.Helper()
	<-time.After(d)
	synctest.Wait()
}
