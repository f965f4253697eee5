//go:build race

package queue_test

// raceEnabled says that the race detector is on: sync.Pool then forgets at
// random, which costs allocations.
const raceEnabled = true
