package backoff_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/backoff"
)

// constant is a random source that always draws the same word.
type constant uint64

func (c constant) Uint64() uint64 { return uint64(c) }

const (
	lowest  constant = 0
	highest constant = math.MaxUint64
)

func TestNextStaysInItsInterval(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name     string
		min, max time.Duration
		bases    []time.Duration // the upper end of each pause, in turn
	}{
		{"zero value", 0, 0, []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 10000 * ms, 10000 * ms}},
		{"negative counts as unset", -1, -1, []time.Duration{100 * ms, 200 * ms}},
		{"max reached exactly", 1 * ms, 4 * ms, []time.Duration{1 * ms, 2 * ms, 4 * ms, 4 * ms}},
		{"max between two steps", 1 * ms, 3 * ms, []time.Duration{1 * ms, 2 * ms, 3 * ms, 3 * ms}},
		{"constant", 5 * ms, 5 * ms, []time.Duration{5 * ms, 5 * ms, 5 * ms}},
		{"max below min", 5 * ms, 1 * ms, []time.Duration{5 * ms, 5 * ms}},
		{"min above the default max", time.Minute, 0, []time.Duration{time.Minute, time.Minute}},
		{"shortest", 1, 4, []time.Duration{1, 2, 4, 4}},
		{"longest", math.MaxInt64/2 + 1, math.MaxInt64, []time.Duration{math.MaxInt64/2 + 1, math.MaxInt64, math.MaxInt64}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shortest := backoff.Backoff{Min: tt.min, Max: tt.max, Source: lowest}
			longest := backoff.Backoff{Min: tt.min, Max: tt.max, Source: highest}
			random := backoff.Backoff{Min: tt.min, Max: tt.max}
			for i, base := range tt.bases {
				floor := base - base/2
				if got := shortest.Next(); got != floor {
					t.Errorf("pause %d with the lowest draw is %v, want %v", i, got, floor)
				}
				if got := longest.Next(); got != base {
					t.Errorf("pause %d with the highest draw is %v, want %v", i, got, base)
				}
				if got := random.Next(); got < floor || got > base {
					t.Errorf("pause %d is %v, want %v to %v", i, got, floor, base)
				}
			}
		})
	}
}

func TestNextNeverOverflows(t *testing.T) {
	b := backoff.Backoff{Min: 1, Max: math.MaxInt64, Source: highest}
	last := time.Duration(0)
	for i := range 200 {
		got := b.Next()
		if got < last {
			t.Fatalf("pause %d is %v, shorter than the %v before it", i, got, last)
		}
		last = got
	}
	if last != math.MaxInt64 {
		t.Fatalf("the last pause is %v, want the maximum", last)
	}
}

func TestResetStartsAgainFromMin(t *testing.T) {
	b := backoff.Backoff{Min: 10, Max: 1000, Source: highest}
	for range 5 {
		b.Next()
	}
	b.Reset()
	if got := b.Next(); got != 10 {
		t.Errorf("the first pause after Reset is %v, want 10ns", got)
	}
	if got := b.Next(); got != 20 {
		t.Errorf("the second pause after Reset is %v, want 20ns", got)
	}
}

func TestSameSourceGivesSamePauses(t *testing.T) {
	pauses := func(seed uint64) []time.Duration {
		b := backoff.Backoff{Source: rand.NewPCG(seed, seed)}
		out := make([]time.Duration, 20)
		for i := range out {
			out[i] = b.Next()
		}
		return out
	}
	if a, b := pauses(1), pauses(1); !slices.Equal(a, b) {
		t.Errorf("one seed gave two sequences:\n%v\n%v", a, b)
	}
	if a, b := pauses(1), pauses(2); slices.Equal(a, b) {
		t.Errorf("two seeds gave the same sequence: %v", a)
	}
}

// TestOutageOfManyClients simulates, on a virtual clock, 1,000 clients that
// lose one peer in the same instant and look for it during a minute. Once their
// first pauses have mixed them, no second may see more than a quarter of them.
func TestOutageOfManyClients(t *testing.T) {
	const clients, outage, settled = 1000, 60, 12
	var dials [outage]int
	for i := range uint64(clients) {
		b := backoff.Backoff{Source: rand.NewPCG(i, i)}
		for at := b.Next(); at < outage*time.Second; at += b.Next() {
			dials[at/time.Second]++
		}
	}
	total := 0
	for second, n := range dials {
		total += n
		if second >= settled && n > clients/4 {
			t.Errorf("second %d saw %d dials, want at most %d", second, n, clients/4)
		}
	}
	// A constant 100 ms would make 600,000.
	if limit := clients * 20; total > limit {
		t.Errorf("the outage saw %d dials, want at most %d", total, limit)
	}
	t.Logf("%d dials; a second by second: %v", total, dials)
}
