package mdns

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// warnEvery is how often a kind of warning is told.
const warnEvery = 10 * time.Second

// A limiter lets something happen now and then.
type limiter struct {
	last   time.Time
	missed int // since then
}

// ok reports whether it may happen, and how often it was told no before.
func (l *limiter) ok(now time.Time) (missed int, ok bool) {
	if !l.last.IsZero() && now.Sub(l.last) < warnEvery {
		l.missed++
		return 0, false
	}
	missed, l.missed, l.last = l.missed, 0, now
	return missed, true
}

// warnMalformed tells of a packet that makes no sense. The caller holds mu.
func (s *station) warnMalformed(from netip.AddrPort, err error, now time.Time) {
	if missed, ok := s.malformed.ok(now); ok {
		s.catalog.Warn(discovery.Instance{}, fmt.Errorf("%w: from %v: %w%s", discovery.ErrMalformed, from, err, more(missed)))
	}
}

// warnConflict tells of another announcer of an instance. The caller holds mu.
func (s *station) warnConflict(f *found, from netip.AddrPort, now time.Time) {
	if missed, ok := s.conflict.ok(now); ok {
		in, _ := s.catalog.Lookup(f.id)
		s.catalog.Warn(in, fmt.Errorf("%w: %s, one of them at %v%s", discovery.ErrConflict, f.id, from.Addr(), more(missed)))
	}
}

// warnUnsent tells of a packet that could not be sent. The caller holds mu.
func (s *station) warnUnsent(err error, now time.Time) {
	if missed, ok := s.unsent.ok(now); ok {
		s.catalog.Warn(discovery.Instance{}, fmt.Errorf("brokerless: mdns: send: %w%s", err, more(missed)))
	}
}

// warnDeaf tells of links on which nobody will be heard, if there are any. The
// caller holds mu.
func (s *station) warnDeaf() {
	if s.deaf != nil {
		s.catalog.Warn(discovery.Instance{}, s.deaf)
	}
}

func more(missed int) string {
	if missed == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more since the last warning)", missed)
}
