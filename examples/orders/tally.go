package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// A tally counts what became of a known number of messages.
type tally struct {
	messages int
	handled  int
	dead     int
	again    int             // outcomes of orders that had one
	seen     map[string]bool // orders with an outcome
	workers  map[string]*share
}

// A share is what one worker has handled.
type share struct {
	orders int
	later  int // of these, how many not at the first try
}

func newTally(messages int) *tally {
	return &tally{messages: messages, seen: make(map[string]bool), workers: make(map[string]*share)}
}

// add counts an outcome. It reports whether it is the first of its order; that
// of a message that could not be read is always.
func (t *tally) add(o Outcome) bool {
	if o.Order != "" {
		if t.seen[o.Order] {
			t.again++
			return false
		}
		t.seen[o.Order] = true
	}
	if o.Dead != "" {
		t.dead++
		return true
	}
	t.handled++
	w := t.workers[o.Worker]
	if w == nil {
		w = new(share)
		t.workers[o.Worker] = w
	}
	w.orders++
	if o.Tries > 1 {
		w.later++
	}
	return true
}

func (t *tally) complete() bool { return t.handled+t.dead >= t.messages }

// showWorkers prints who handled how many.
func (t *tally) showWorkers() {
	for _, name := range slices.Sorted(maps.Keys(t.workers)) {
		w := t.workers[name]
		fmt.Printf("%-10s %d orders, %d of them not at the first try\n", name, w.orders, w.later)
	}
}

// verdict prints the sum, and returns what is wrong with it.
func (t *tally) verdict() error {
	fmt.Printf("%d messages were sent: %d handled, %d dead\n", t.messages, t.handled, t.dead)
	var faults []error
	if missing := t.messages - t.handled - t.dead; missing != 0 {
		faults = append(faults, fmt.Errorf("%d messages are missing", missing))
	}
	if t.again > 0 {
		faults = append(faults, fmt.Errorf("%d outcomes came again", t.again))
	}
	return errors.Join(faults...)
}

// String says what became of an order that is dead.
func (o Outcome) String() string {
	if o.Order == "" {
		return "what is no order: " + printable(o.Dead)
	}
	return printable(o.Order) + ": " + printable(o.Dead)
}

// printable returns s with what is not printable escaped: it came from a peer.
func printable(s string) string {
	q := strconv.QuoteToGraphic(s)
	return q[1 : len(q)-1]
}
