package mdns

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/internal/lan"
)

// A network carries packets to and from links. What it receives it hands to a
// function given when it was made, from goroutines of its own.
type network interface {
	join(links []lan.Link) error // these links, and no others from now on
	send(d datagram) error       // called by one goroutine at a time
	close()                      // waits for its goroutines
}

// A station is what answers, announces and remembers on the links. All that
// it sends is sent by run, in the order in which it was decided. Times are read
// with their monotonic part, so the clock on the wall may jump.
type station struct {
	config
	net     network
	catalog discovery.Catalog
	host    string        // target of our SRV records
	wake    chan struct{} // of capacity 1: run has something to do
	kick    chan struct{} // of capacity 1: the rounds begin anew

	mu        sync.Mutex
	closed    bool
	segments  map[int]*segment // by index of the interface
	offers    map[discovery.ID]*offer
	farewells []goodbye
	replies   []datagram // unicast, to be sent
	allowance allowance  // of replies

	found     map[discovery.ID]*found
	partial   []*found // those not told yet, the oldest first; some may be complete or gone by now
	hosts     map[string]*host
	sweepAt   time.Time // when to look at found again; zero: never
	downSince time.Time // since when no link is up; zero: there is one
	deaf      error     // of the links whose group could not be joined; nil if there are none
	malformed limiter
	conflict  limiter
	unsent    limiter
	series    series
	watchers  int
}

// A segment is a link, and what was said on it lately.
type segment struct {
	link   lan.Link
	sent   map[unit]time.Time // when it was multicast last
	owed   map[unit]debt
	echoes int       // of our own questions, still to be heard
	asked  time.Time // when another asked what our rounds ask
}

func newStation(c config) *station {
	var token [16]byte
	_, _ = rand.Read(token[:]) // never fails
	s := &station{
		config:   c,
		host:     hex.EncodeToString(token[:]) + ".local.",
		wake:     make(chan struct{}, 1),
		kick:     make(chan struct{}, 1),
		segments: make(map[int]*segment),
		offers:   make(map[discovery.ID]*offer),
		found:    make(map[discovery.ID]*found),
		hosts:    make(map[string]*host),
	}
	s.catalog.Max = c.maxInstances
	return s
}

// run sends what is due until ctx is done, and then the goodbyes.
func (s *station) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.mu.Lock()
		now := time.Now()
		out := s.due(now)
		wait := max(s.next(now).Sub(now), time.Millisecond)
		s.mu.Unlock()
		s.send(out)
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-ctx.Done():
			s.leave()
			s.net.close()
			return
		}
	}
}

// send sends. What cannot be sent is lost, as packets are: whoever needs it will
// ask. That it happens is told now and then.
func (s *station) send(out []datagram) {
	for _, d := range out {
		if err := s.net.send(d); err != nil {
			s.mu.Lock()
			s.warnUnsent(err, time.Now())
			s.mu.Unlock()
		}
	}
}

// due takes what is to be sent now. The caller holds mu.
func (s *station) due(now time.Time) []datagram {
	out := s.replies
	s.replies = nil
	out = append(out, s.dueGoodbyes(now)...)
	for _, i := range slices.Sorted(maps.Keys(s.segments)) {
		for _, b := range s.pay(s.segments[i], now) {
			out = append(out, datagram{data: b, link: i})
		}
	}
	if !s.sweepAt.IsZero() && !s.sweepAt.After(now) {
		out = append(out, s.sweep(now)...)
	}
	return out
}

// next returns when something will be due, at most an hour from now. The caller
// holds mu.
func (s *station) next(now time.Time) time.Time {
	next := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	for _, g := range s.farewells {
		sooner(g.due)
	}
	for i, g := range s.segments {
		for _, d := range g.owed {
			sooner(d.due)
		}
		for _, o := range s.offers {
			if c := o.due[i]; c.left > 0 {
				sooner(c.due)
			}
		}
	}
	if !s.sweepAt.IsZero() {
		sooner(s.sweepAt)
	}
	return next
}

// poke makes run look at what is due.
func (s *station) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// receive takes a packet from the network.
func (s *station) receive(p packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.segmentOf(p)
	if g == nil || s.closed {
		return
	}
	now := time.Now()
	m, err := parse(p)
	switch {
	case err != nil:
		s.warnMalformed(p.from, err, now)
	case m.Opcode != 0 || m.Rcode != 0: // RFC 6762 sections 18.3 and 18.11: silently
	case !m.Response:
		s.hear(g, p, m, now)
	case p.from.Port() == mdnsPort && !p.unicast: // no answer was ever asked to be unicast
		s.learn(g, p, m, now)
	}
	s.poke()
}

// segmentOf returns the segment that a packet came by, or nil if it is none of
// ours or its source is not on it (RFC 6762 section 11). The caller holds mu.
func (s *station) segmentOf(p packet) *segment {
	from := p.from.Addr()
	if g := s.segments[p.link]; g != nil {
		if !g.link.Contains(from) {
			return nil
		}
		return g
	}
	if p.link != 0 {
		return nil
	}
	for _, g := range s.segments { // a system that does not say where packets come from
		if slices.ContainsFunc(g.link.Prefixes, func(n netip.Prefix) bool { return n.Contains(from) }) {
			return g
		}
	}
	return nil
}

// setLinks says which links there are now. What is new or different hears of
// our instances, and a new series of rounds begins. Calls come one by one.
func (s *station) setLinks(links []lan.Link) {
	if s.same(links) {
		return
	}
	err := s.net.join(links)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.deaf = err
	s.warnDeaf()
	segments := make(map[int]*segment)
	changed := false
	for _, l := range links {
		g := s.segments[l.Index]
		if g == nil || !g.link.Equal(&l) {
			g = &segment{link: l, sent: make(map[unit]time.Time), owed: make(map[unit]debt)}
			changed = true
			for _, o := range s.offers {
				o.due[l.Index] = campaign{due: now.Add(between(0, 100*time.Millisecond)), left: announcements}
			}
		}
		segments[l.Index] = g
	}
	s.segments = segments
	for _, o := range s.offers {
		maps.DeleteFunc(o.due, func(i int, _ campaign) bool { return segments[i] == nil })
	}
	s.outage(now)
	if changed {
		s.restart(now)
	}
	s.poke()
}

func (s *station) same(links []lan.Link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(links) == len(s.segments) && !slices.ContainsFunc(links, func(l lan.Link) bool {
		g := s.segments[l.Index]
		return g == nil || !g.link.Equal(&l)
	})
}

// multicast takes from the links those that carry no multicast, unless they
// were named, and says so.
func multicast(links []lan.Link, named []string) (usable []lan.Link, deaf []lan.Refused) {
	for _, l := range links {
		if l.Flags&net.FlagMulticast == 0 && !slices.Contains(named, l.Name) {
			deaf = append(deaf, lan.Refused{Name: l.Name, Reason: "no multicast"})
			continue
		}
		usable = append(usable, l)
	}
	return usable, deaf
}

// between returns a random duration.
func between(low, high time.Duration) time.Duration {
	return low + mathrand.N(high-low+1)
}
