//go:build race

package mesh

// raced reports whether the race detector slows the test down.
const raced = true
