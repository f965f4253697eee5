package socket

import (
	"errors"
	"time"

	"github.com/brokerless/brokerless/internal/backoff"
)

// A pacing decides how long to wait before a connection is tried again.
type pacing struct {
	longest time.Duration   // of plain
	limit   time.Duration   // of denied
	plain   backoff.Backoff // after a failure that may be over soon
	denied  backoff.Backoff // after one by authentication
	last    time.Duration   // the pause before the present attempt
}

func newPacing(c *config) *pacing {
	return &pacing{
		longest: c.redialMax,
		limit:   c.deniedMax,
		plain:   backoff.Backoff{Min: c.redialMin, Max: c.redialMax},
		denied:  backoff.Backoff{Min: 2 * c.deniedMin, Max: max(c.deniedMax, 2*c.deniedMin)}, // chance takes up to a half
	}
}

// next returns the pause after an attempt whose connection lived so long, 0 if
// it never got past its handshake, and ended for the reason given.
func (p *pacing) next(lived time.Duration, why error) time.Duration {
	if lived > p.last {
		p.plain.Reset() // not for a peer that lets us in and throws us out at once
	}
	refused := denied(why)
	if lived > 0 && !refused {
		p.denied.Reset()
	}
	switch {
	case refused:
		return min(p.denied.Next(), p.limit) // and leaves the other one as it is, for when we are let in
	case errors.Is(why, ErrProtocol) || errors.Is(why, ErrTooLarge):
		p.plain.Next()
		p.last = p.longest // it will not get better by asking often
	default:
		p.last = p.plain.Next()
	}
	return p.last
}

// hurry makes the next pauses short again.
func (p *pacing) hurry() {
	p.plain.Reset()
	p.denied.Reset()
}

// denied reports whether a connection failed because one side does not want the
// other, and said so for good. A refusal for now (300) is none (ZA-11).
func denied(why error) bool {
	if !errors.Is(why, ErrAuth) {
		return false
	}
	e := new(AuthError)
	return !errors.As(why, &e) || e.Status != AuthTemporary
}
