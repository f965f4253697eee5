//go:build !race

package socket

// raceEnabled says that the race detector watches, which slows tests down and
// allocates on its own.
const raceEnabled = false
