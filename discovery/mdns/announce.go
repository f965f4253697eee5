package mdns

import (
	"fmt"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

const (
	announcements = 2                     // of each change, a second apart (RFC 6762 section 8.3)
	goodbyes      = 2                     // of each instance
	goodbyePause  = 50 * time.Millisecond // between them
)

// A goodbye takes records back.
type goodbye struct {
	id      discovery.ID // whose they are
	records func() []dns.RR
	host    bool // and the addresses of the link with them
	due     time.Time
	left    int
}

// announce begins to announce an offer.
func (s *station) announce(o *offer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return discovery.ErrClosed
	}
	if s.offers[o.id] != nil {
		return fmt.Errorf("%w: %s is announced already", discovery.ErrInstance, o.id)
	}
	s.forget(o.id)
	s.start(o, nil, 100*time.Millisecond)
	return nil
}

// change announces an offer in place of the one with the same ID.
func (s *station) change(o *offer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.offers[o.id]
	if s.closed || old == nil {
		return discovery.ErrClosed
	}
	if o.same(old) {
		return nil
	}
	if old.subtype != "" && old.subtype != o.subtype {
		s.farewells = append(s.farewells, goodbye{
			records: func() []dns.RR { return []dns.RR{old.record(kindSub, s.host)} }, due: time.Now(), left: goodbyes,
		})
	}
	s.start(o, old, 20*time.Millisecond)
	return nil
}

// start begins the campaigns of an offer, each after a random time up to
// spread and not within a second of the last one. The caller holds mu.
func (s *station) start(o, old *offer, spread time.Duration) {
	now := time.Now()
	for i := range s.segments {
		c := campaign{due: now.Add(between(0, spread)), left: announcements}
		if old != nil {
			c.last = old.due[i].last
			if t := c.last.Add(perSecond); t.After(c.due) {
				c.due = t
			}
		}
		o.due[i] = c
	}
	s.offers[o.id] = o
	s.poke()
}

// withdraw ends the announcement of an instance and says goodbye.
func (s *station) withdraw(id discovery.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.offers[id]
	if o == nil || s.closed { // whoever closes the station says goodbye for all
		return
	}
	delete(s.offers, id)
	for _, g := range s.segments {
		for _, u := range append(o.units(), unit{kindSub, id}) {
			delete(g.sent, u)
			delete(g.owed, u)
		}
	}
	s.bid(o, len(s.offers) == 0)
	s.poke()
}

// bid says goodbye for an offer, and with the last one for the host. The caller
// holds mu.
func (s *station) bid(o *offer, host bool) {
	s.farewells = append(s.farewells, goodbye{
		id: o.id, host: host, due: time.Now(), left: goodbyes,
		records: func() []dns.RR {
			var all []dns.RR
			for _, u := range o.units() {
				all = append(all, o.record(u.kind, s.host))
			}
			return all
		},
	})
}

// forget takes back the goodbyes of an instance, and that of the host. The
// caller holds mu.
func (s *station) forget(id discovery.ID) {
	var kept []goodbye
	for _, g := range s.farewells {
		if g.id == id && id != (discovery.ID{}) {
			continue
		}
		g.host = false
		kept = append(kept, g)
	}
	s.farewells = kept
}

// dueGoodbyes returns the goodbyes to be said now, on every link. The caller
// holds mu.
func (s *station) dueGoodbyes(now time.Time) []datagram {
	var kept, due []goodbye
	for _, g := range s.farewells {
		if !g.due.After(now) {
			due = append(due, g)
			g.left--
			g.due = now.Add(goodbyePause)
		}
		if g.left > 0 {
			kept = append(kept, g)
		}
	}
	s.farewells = kept
	if len(due) == 0 {
		return nil
	}
	var out []datagram
	for i, seg := range s.segments {
		var bundles []bundle
		for _, g := range due {
			b := bundle{answers: farewell(g.records())}
			if g.host {
				b.answers = append(b.answers, farewell(hostRecords(s.host, &seg.link))...)
			}
			bundles = append(bundles, b)
		}
		for _, b := range pack(bundles) {
			out = append(out, datagram{data: b, link: i})
		}
	}
	return out
}

// shut refuses what comes from now on.
func (s *station) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// leave says goodbye for all that is still announced.
func (s *station) leave() {
	s.mu.Lock()
	for id, o := range s.offers {
		delete(s.offers, id)
		s.bid(o, len(s.offers) == 0)
	}
	pause := len(s.farewells) > 0
	out := s.dueGoodbyes(time.Now())
	s.mu.Unlock()
	s.send(out)
	if !pause {
		return
	}
	<-time.After(goodbyePause)
	s.mu.Lock()
	out = s.dueGoodbyes(time.Now())
	s.mu.Unlock()
	s.send(out)
}
