package mdns

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// maxPostponed is how many rounds in a row are left to others when their
// questions bring no answers.
const maxPostponed = 2

// A browseFunc asks the links once for the instances there, and calls found
// with the first label of each that answers, until ctx is done.
type browseFunc func(ctx context.Context, links []lan.Link, found func(label string)) error

// A series of rounds begins when somebody starts to watch or a link comes up.
// Its rounds follow each other less and less often.
type series struct {
	due       time.Time     // of the next round; zero: none
	interval  time.Duration // to the one after it; zero: it is the first
	began     time.Time
	asked     time.Time // when we asked last
	postponed int       // rounds in a row that were left to others
	counted   time.Time // when a round counted last that nobody answered
}

// restart begins a new series, soon, and not within a second of our last
// question. The caller holds mu.
func (s *station) restart(now time.Time) {
	due := now.Add(between(20*time.Millisecond, 120*time.Millisecond))
	if t := s.series.asked.Add(perSecond); !s.series.asked.IsZero() && t.After(due) {
		due = t
	}
	s.series.due, s.series.interval, s.series.began, s.series.postponed = due, 0, now, 0
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// watching notes one more watcher, and reports false if the station is closed.
func (s *station) watching() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.watchers++
	now := time.Now()
	s.restart(now)
	if len(s.found) > 0 {
		s.sweepBy(now)
		s.poke()
	}
	return true
}

// watch returns a watcher, which is told of what was wrong already when it came.
func (s *station) watch(ctx context.Context, service string) *discovery.Watcher {
	w := s.catalog.Watch(ctx, service, s.unwatched)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnDeaf()
	return w
}

func (s *station) unwatched() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers--
}

// rounds asks the links, round after round, while somebody watches.
func (s *station) rounds(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		links, listen := s.nextRound(timer)
		if links != nil {
			s.round(ctx, links, listen)
			continue
		}
		select {
		case <-timer.C:
		case <-s.kick:
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// nextRound returns the links to ask now, and for how long to listen, or sets
// the timer to when to look again.
func (s *station) nextRound(timer *time.Timer) ([]lan.Link, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.series
	now := time.Now()
	if s.closed || s.watchers == 0 || len(s.segments) == 0 || r.due.IsZero() {
		timer.Reset(time.Hour) // whoever changes that kicks
		return nil, 0
	}
	if wait := r.due.Sub(now); wait > 0 {
		timer.Reset(wait)
		return nil, 0
	}
	asked, spared := s.spared(now)
	r.interval = min(max(2*r.interval, s.first), s.longest)
	if spared {
		r.postponed++
		r.due = asked.Add(jitter(r.interval))
		if r.due.Before(now) {
			r.due = now.Add(jitter(r.interval))
		}
		timer.Reset(r.due.Sub(now))
		return nil, 0
	}
	r.postponed, r.asked = 0, now
	r.due = now.Add(jitter(r.interval))
	var links []lan.Link
	for _, g := range s.segments {
		g.echoes, g.asked = 1, time.Time{}
		links = append(links, g.link)
	}
	return links, min(s.listen, r.interval)
}

func jitter(d time.Duration) time.Duration { return between(d*8/10, d*12/10) }

// round asks once and listens. What it hears is heard by our own sockets too.
func (s *station) round(ctx context.Context, links []lan.Link, listen time.Duration) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, listen)
	defer cancel()
	err := s.browse(ctx, links, s.hint)
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if err != nil {
		if _, ok := s.malformed.ok(now); ok {
			s.catalog.Warn(discovery.Instance{}, fmt.Errorf("brokerless: mdns: browse: %w", err))
		}
		return
	}
	if s.listen <= listen && now.Sub(s.series.counted) >= countEvery && len(s.segments) > 0 {
		s.series.counted = now
		for _, f := range s.found {
			// Short silence is none: so soon after it was heard, the instance may
			// hold back an answer that it has just given (RFC 6762 section 6).
			if f.heard.Before(began) && now.Sub(f.heard) >= countEvery {
				f.missed++
			}
			if f.told && f.missed >= maxMissed {
				s.drop(f, discovery.ErrExpired)
			}
		}
	}
}

// overhear notes that another has asked what our rounds ask, so that we need not
// (RFC 6762 section 7.3). bare says that it came without known answers, so that
// all will answer. The caller holds mu.
func (s *station) overhear(g *segment, p packet, q dns.Question, bare bool, now time.Time) {
	if !bare || p.unicast || p.from.Port() != mdnsPort || q.Qclass != dns.ClassINET ||
		q.Qtype != dns.TypePTR || dns.CanonicalName(q.Name) != serviceType {
		return
	}
	if g.echoes > 0 && own(g, p) {
		g.echoes--
		return
	}
	g.asked = now
}

// own reports whether a packet came from an address of ours, that is from this
// process or another one of this host.
func own(g *segment, p packet) bool {
	from := p.from.Addr().Unmap().WithZone("")
	return loopback(g) ||
		slices.ContainsFunc(g.link.Prefixes, func(n netip.Prefix) bool { return n.Addr() == from }) ||
		from.Is6() && from.IsLinkLocalUnicast() // perhaps: links do not have those of ours
}

// spared reports whether the round that is due can be left to others: on every
// link somebody has asked since the last one, and it is not the third in a row
// that would be left so although some did not answer. The caller holds mu.
func (s *station) spared(now time.Time) (asked time.Time, ok bool) {
	r := &s.series
	since := r.began
	if r.interval > 0 {
		since = now.Add(-r.interval)
	}
	for _, g := range s.segments {
		if g.asked.IsZero() || g.asked.Before(since) || g.asked.Before(r.asked) {
			return time.Time{}, false
		}
		if asked.IsZero() || g.asked.Before(asked) {
			asked = g.asked
		}
	}
	if r.postponed >= maxPostponed {
		for _, f := range s.found {
			if f.told && f.heard.Before(asked) {
				return time.Time{}, false
			}
		}
	}
	return asked, true
}
