package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// A tally is the sink's record of what has arrived.
type tally struct {
	times   []int          // how often each item arrived
	arrived int            // how many items arrived at all
	share   map[string]int // results of each worker
	again   int            // results for items that had arrived before
	bad     int            // results that are none
}

func newTally(items int) *tally {
	return &tally{times: make([]int, items), share: make(map[string]int)}
}

// add enters a result, and reports whether its item arrived for the first time.
func (t *tally) add(m socket.Message) bool {
	if len(m) != 3 || len(m[1]) < numberSize || !solved(slices.Concat(m[1], m[2])) {
		t.bad++
		return false
	}
	number := binary.BigEndian.Uint64(m[1])
	if number >= uint64(len(t.times)) {
		t.bad++
		return false
	}
	t.share[string(m[0])]++
	t.times[number]++
	if t.times[number] > 1 {
		t.again++
		return false
	}
	t.arrived++
	return true
}

// showShares prints how the work was spread over the workers.
func (t *tally) showShares() {
	most := 1
	for _, n := range t.share {
		most = max(most, n)
	}
	for _, worker := range slices.Sorted(maps.Keys(t.share)) {
		n := t.share[worker]
		fmt.Printf("%-20s %9d items  %5.1f %%  %s\n",
			worker, n, 100*float64(n)/float64(len(t.times)), strings.Repeat("■", 20*n/most))
	}
}

// verdict returns nil if every item arrived exactly once and nothing else did,
// and prints that; otherwise what is wrong.
func (t *tally) verdict() error {
	var faults []error
	if missing := len(t.times) - t.arrived; missing > 0 {
		faults = append(faults, fmt.Errorf("%d of %d items are missing, the first is number %d",
			missing, len(t.times), slices.Index(t.times, 0)))
	}
	if t.again > 0 {
		faults = append(faults, fmt.Errorf("%d results came again, the first for item number %d", t.again,
			slices.IndexFunc(t.times, func(n int) bool { return n > 1 })))
	}
	if t.bad > 0 {
		faults = append(faults, fmt.Errorf("%d results are wrong", t.bad))
	}
	if faults == nil {
		fmt.Printf("all %d items arrived exactly once, each with a right answer\n", len(t.times))
	}
	return errors.Join(faults...)
}
