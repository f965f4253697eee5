package soak

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/faultnet"
	"github.com/brokerless/brokerless/internal/leakcheck"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

// heapSlack is how many octets the heap may have more at the end than at the
// start: what the runtime keeps. Of goroutines and descriptors none may be left.
const heapSlack = 4 << 20

// duration is how long the soak takes.
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("BROKERLESS_SOAK")
	if text == "" {
		return time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("BROKERLESS_SOAK: %v", err)
	}
	return d
}

func TestSoak(t *testing.T) {
	leakcheck.Check(t)
	length := duration(t)
	_, descriptors := measure(t)
	soak(t, min(length, 300*time.Millisecond)) // makes whatever is made once and kept
	heap, _ := measure(t)
	began := time.Now()
	total := soak(t, length)
	took := time.Since(began)
	heapAfter, descriptorsAfter := measure(t)
	t.Logf("in %v %s; heap %d KiB, then %d KiB; descriptors %d, then %d", took.Round(time.Millisecond), total, heap>>10, heapAfter>>10, descriptors, descriptorsAfter)
	if heapAfter > heap+heapSlack {
		t.Errorf("the heap has %d octets, and had %d", heapAfter, heap)
	}
	if descriptorsAfter > descriptors {
		t.Errorf("%d descriptors are open, and were %d", descriptorsAfter, descriptors)
	}
}

// measure returns the octets of the heap that are in use, and the descriptors.
func measure(t *testing.T) (heap int64, descriptors int) {
	t.Helper()
	if runtime.GOOS == "linux" {
		descriptors = leakcheck.Descriptors(t)
	}
	var m runtime.MemStats
	for range 3 { // what a finalizer kept goes with the next
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), descriptors
}

// soak runs everything for a time, and tells what was done.
func soak(t *testing.T, length time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	keys, err := curve.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{T: t, ctx: ctx, network: faultnet.New(1, rough), keys: keys, nodes: make(map[node]string)}
	r.wg.Go(r.audit)
	r.wg.Go(func() {
		for tick := time.NewTicker(time.Minute); ; {
			select {
			case <-tick.C:
				t.Log(r.figures())
			case <-ctx.Done():
				tick.Stop()
				return
			}
		}
	})
	ends := []func(){
		r.pipeline("clear", plainly(), plainly()), r.pipeline("encrypted", r.serving(), r.served()),
		r.publishing(), r.forwarding(), r.requests(), r.dealers(), r.pairs(),
		r.clients(), r.peers(),
		r.roughPipeline("clear", plainly(), plainly()), r.roughPipeline("encrypted", r.serving(), r.served()),
		r.roughPublishing(), r.roughRequests(), r.roughDealers(),
	}
	r.wg.Wait()
	for _, end := range ends {
		end()
	}
	var left []string
	for n, who := range r.nodes {
		left = append(left, who)
		n.Close()
	}
	if len(left) > 0 {
		t.Errorf("never closed: %q", left)
	}
	return r.figures()
}

var _ node = (*socket.Pull)(nil)
