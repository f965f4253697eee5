package leakcheck

import (
	"runtime"
	"slices"
	"strings"
	"time"
)

// housekeeping marks the goroutines that no code under test answers for, by
// the line of their stack that says who started them.
var housekeeping = []string{
	"\ncreated by testing.",          // Tests themselves.
	"\ncreated by internal/fuzz.",    // Workers of "go test -fuzz".
	"\ncreated by runtime/trace.",    // "go test -trace".
	"\ncreated by runtime/pprof.",    // "go test -cpuprofile".
	"\ncreated by os/signal.Notify.", // One loop a process, from the first Notify on.
}

// goroutines returns the stack of every goroutine but the caller's own and the
// housekeeping, by the number the runtime gave it and never gives again.
func goroutines() map[string]string {
	found := make(map[string]string)
	entries := strings.Split(dump(), "\n\n")
	for _, entry := range entries[1:] { // The first is the caller's.
		if slices.ContainsFunc(housekeeping, func(mark string) bool { return strings.Contains(entry, mark) }) {
			continue
		}
		// The entry starts with "goroutine 7 [select]:".
		id, _, _ := strings.Cut(strings.TrimPrefix(entry, "goroutine "), " ")
		found[id] = strings.TrimSpace(entry)
	}
	return found
}

// dump returns the stacks of all goroutines, the caller's first.
func dump() string {
	for size := 64 << 10; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return string(buf[:n])
		}
	}
}

// leaked returns the stacks of the goroutines that are not in before and have
// not ended within patience. It returns as soon as there are none.
//
// A goroutine that has just signalled its end, by a channel or a WaitGroup, is
// still on its last instructions. It needs a turn on a processor more than it
// needs time, so leaked first yields, and only then waits, longer each time.
func leaked(before map[string]string, patience time.Duration) []string {
	const yields = 20
	giveUp := time.Now().Add(patience)
	pause := time.Millisecond
	for try := 0; ; try++ {
		stacks := started(before)
		if len(stacks) == 0 || time.Now().After(giveUp) {
			return stacks
		}
		if try < yields {
			runtime.Gosched()
			continue
		}
		<-time.After(pause)
		pause = min(2*pause, 50*time.Millisecond)
	}
}

// started returns the sorted stacks of the goroutines that are not in before.
func started(before map[string]string) []string {
	var stacks []string
	for id, stack := range goroutines() {
		if _, old := before[id]; !old {
			stacks = append(stacks, stack)
		}
	}
	slices.Sort(stacks)
	return stacks
}
