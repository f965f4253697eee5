// Package backoff computes the pauses between the attempts of a client that
// keeps trying to reach a peer.
//
// It only does arithmetic: it reads no clock and starts no timer, so the
// caller decides how to wait and a test can look at the pauses themselves.
package backoff

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

const (
	// DefaultMin is the base of the first pause when [Backoff.Min] is not positive.
	DefaultMin = 100 * time.Millisecond

	// DefaultMax bounds every pause when [Backoff.Max] is not positive.
	DefaultMax = 10 * time.Second
)

// Backoff gives one pause after another, the n-th drawn at random from
// [base/2, base] where base is Min doubled n times and never above Max.
//
// This is "equal jitter". The clients of a peer that went away all notice it in
// the same instant; only chance can separate them when it comes back. With
// "full jitter", drawn from [0, base], they spread twice as far, but some draws
// are next to nothing, and those clients hammer a peer that is just starting.
// Half of each pause is therefore fixed: the floor Min/2 holds for every single
// client, and 1,000 clients at the default Max still come spread over 5 s.
//
// The zero value is ready to use. A Backoff belongs to one goroutine: its
// methods are not safe for concurrent use. They never block.
type Backoff struct {
	// Min is the base of the first pause. Not positive means DefaultMin.
	Min time.Duration

	// Max is the longest pause. Not positive means DefaultMax; below Min it
	// counts as Min.
	Max time.Duration

	// Source, if not nil, replaces the runtime's random source, so that a test
	// sees the same pauses each time.
	Source rand.Source

	base time.Duration // of the next pause; 0 before the first
}

// Next returns how long to wait before the next attempt, and makes the pause
// after it longer. The result is at least Min/2, at most Max, and never 0.
func (b *Backoff) Next() time.Duration {
	low, high := b.bounds()
	base := min(max(b.base, low), high)
	if base > high/2 { // Doubling would pass Max, or overflow.
		b.base = high
	} else {
		b.base = 2 * base
	}
	fixed := base - base/2 // Rounded up: 1 ns must not become 0.
	return fixed + b.jitter(base/2)
}

// Reset makes the next pause start from Min again.
//
// Call it only once an attempt has fully succeeded. A peer that accepts a
// connection and then breaks it must go on being met with longer pauses.
func (b *Backoff) Reset() { b.base = 0 }

// bounds returns Min and Max with the defaults filled in, Min <= Max.
func (b *Backoff) bounds() (low, high time.Duration) {
	low, high = b.Min, b.Max
	if low <= 0 {
		low = DefaultMin
	}
	if high <= 0 {
		high = DefaultMax
	}
	return low, max(low, high)
}

// jitter returns a random duration in [0, n], by scaling one random word. That
// is uneven by less than n/2^64, which no clock can tell, and unlike
// [rand.Int64N] it never draws again, whatever the source gives.
func (b *Backoff) jitter(n time.Duration) time.Duration {
	var word uint64
	if b.Source != nil {
		word = b.Source.Uint64()
	} else {
		word = rand.Uint64()
	}
	scaled, _ := bits.Mul64(word, uint64(n)+1)
	return time.Duration(scaled)
}
