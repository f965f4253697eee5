package lan

import (
	"context"
	"slices"
	"time"
)

const (
	// DefaultEvery is how often Watch looks unless told otherwise.
	DefaultEvery = 3 * time.Second

	// settleRounds is how often Watch looks again for the links to come to rest
	// before it tells of them as they are.
	settleRounds = 4
)

// Watch calls changed with the usable links: at once, and again whenever they
// are different, until ctx is done. It looks every so often, 0 meaning
// DefaultEvery, since asking costs little and not every system tells. A link
// that comes up gets its addresses one by one; so after a difference Watch looks
// again after a third of that time until nothing moves, a few times at most.
// changed is called by one goroutine, that of Watch.
func Watch(ctx context.Context, every time.Duration, o Options, changed func([]Link)) {
	system{}.watch(ctx, every, o, changed)
}

func (s system) watch(ctx context.Context, every time.Duration, o Options, changed func([]Link)) {
	if every <= 0 {
		every = DefaultEvery
	}
	known, _, err := s.links(o)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		changed(known)
	}
	seen, moves, wait := known, 0, every
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		// A system that cannot tell now has not lost its links.
		if now, _, err := s.links(o); err == nil {
			switch {
			case !same(now, seen) && moves < settleRounds:
				moves++
			case !same(now, known):
				known, moves = now, 0
				changed(now)
			default:
				moves = 0
			}
			seen = now
		}
		wait = every
		if moves > 0 {
			wait = every / 3
		}
		timer.Reset(wait)
	}
}

func same(a, b []Link) bool {
	return slices.EqualFunc(a, b, func(x, y Link) bool { return x.Equal(&y) })
}
