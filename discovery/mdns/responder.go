package mdns

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

const (
	perSecond    = time.Second            // a record is multicast once in, RFC 6762 section 6
	gather       = 50 * time.Millisecond  // what is due this much later goes along
	maxQuestions = 128                    // of a packet that are looked at
	moreKnown    = 400 * time.Millisecond // at least, until all known answers of a querier have come
)

// A debt is an answer that is owed to a link.
type debt struct {
	due   time.Time
	asker netip.AddrPort // who asked; the zero AddrPort: more than one
}

// hear takes a question from a link: what we owe it, and whether it spares us
// a round. The caller holds mu.
func (s *station) hear(g *segment, p packet, m *dns.Msg, now time.Time) {
	if len(m.Question) == 0 { // the known answers of a question that came before
		s.forgive(g, p.from, m.Answer)
		return
	}
	var direct []unit
	legacy := p.from.Port() != mdnsPort
	for _, q := range m.Question[:min(len(m.Question), maxQuestions)] {
		if class := q.Qclass &^ wantsUnicast; class != dns.ClassINET && class != dns.ClassANY {
			continue
		}
		s.overhear(g, p, q, len(m.Answer) == 0 && !m.Truncated, now)
		for _, u := range s.asked(q) {
			switch {
			case legacy:
				direct = append(direct, u)
			case s.known(g, u, m.Answer):
			case q.Qclass&wantsUnicast != 0 && now.Sub(g.sent[u]) < ttl/4:
				direct = append(direct, u)
			default:
				s.owe(g, u, p.from, m.Truncated, now)
			}
		}
	}
	if len(direct) > 0 && s.allowance.take(now) {
		s.reply(g, p.from, m, legacy, direct)
	}
}

// asked returns what of ours a question asks for. The caller holds mu.
func (s *station) asked(q dns.Question) []unit {
	var all []unit
	if len(s.offers) == 0 {
		return nil
	}
	name := dns.CanonicalName(q.Name)
	is := func(rtype uint16) bool { return q.Qtype == rtype || q.Qtype == dns.TypeANY }
	switch name {
	case serviceType:
		if is(dns.TypePTR) {
			for id := range s.offers {
				all = append(all, unit{kindPTR, id})
			}
		}
		return all
	case metaType:
		if is(dns.TypePTR) {
			all = append(all, unit{kind: kindMeta})
		}
		return all
	case s.host:
		if is(dns.TypeA) || is(dns.TypeAAAA) {
			all = append(all, unit{kind: kindHost})
		}
		return all
	}
	if id, _, err := parseInstance(name); err == nil && s.offers[id] != nil {
		if is(dns.TypeSRV) {
			all = append(all, unit{kindSRV, id})
		}
		if is(dns.TypeTXT) {
			all = append(all, unit{kindTXT, id})
		}
		return all
	}
	if is(dns.TypePTR) {
		for id, o := range s.offers {
			if o.subtype == name {
				all = append(all, unit{kindSub, id})
			}
		}
	}
	return all
}

// records returns what a unit is on a link. The caller holds mu.
func (s *station) records(g *segment, u unit) []dns.RR {
	switch u.kind {
	case kindHost:
		return hostRecords(s.host, &g.link)
	case kindMeta:
		return []dns.RR{metaRecord()}
	}
	if o := s.offers[u.id]; o != nil {
		if rr := o.record(u.kind, s.host); rr != nil {
			return []dns.RR{rr}
		}
	}
	return nil
}

// known reports whether all of a unit is among the answers a querier has, with
// at least half of their time left (RFC 6762 section 7.1). The caller holds mu.
func (s *station) known(g *segment, u unit, answers []dns.RR) bool {
	if len(answers) == 0 {
		return false
	}
	for _, rr := range s.records(g, u) {
		rr.Header().Class = dns.ClassINET
		if !slices.ContainsFunc(answers, func(a dns.RR) bool {
			a.Header().Class &^= cacheFlush
			return a.Header().Ttl >= rr.Header().Ttl/2 && dns.IsDuplicate(rr, a)
		}) {
			return false
		}
	}
	return true
}

// owe notes that a unit is to be multicast: shared ones after a random time, so
// that not all answer at once, and none sooner than a second after it was last.
// The caller holds mu.
func (s *station) owe(g *segment, u unit, asker netip.AddrPort, truncated bool, now time.Time) {
	due := now
	switch {
	case truncated:
		due = due.Add(between(moreKnown, moreKnown+100*time.Millisecond))
	case u.kind.shared():
		due = due.Add(between(20*time.Millisecond, 120*time.Millisecond))
	}
	for _, with := range s.together(u) {
		if t := g.sent[with].Add(perSecond); t.After(due) {
			due = t
		}
	}
	old, ok := g.owed[u]
	if ok && old.asker != asker {
		asker = netip.AddrPort{}
	}
	if ok && old.due.Before(due) {
		due = old.due
	}
	g.owed[u] = debt{due: due, asker: asker}
}

// together returns the units that are sent when u is. The caller holds mu.
func (s *station) together(u unit) []unit {
	switch u.kind {
	case kindPTR, kindSub:
		return []unit{u, {kindSRV, u.id}, {kindTXT, u.id}, {kind: kindHost}}
	case kindSRV:
		return []unit{u, {kind: kindHost}}
	}
	return []unit{u}
}

// forgive takes back what is owed to one asker alone, who knows it already.
// The caller holds mu.
func (s *station) forgive(g *segment, asker netip.AddrPort, answers []dns.RR) {
	maps.DeleteFunc(g.owed, func(u unit, d debt) bool { return d.asker == asker && s.known(g, u, answers) })
}

// pay returns the packets that are due on a link: answers and announcements,
// each unit once. The caller holds mu.
func (s *station) pay(g *segment, now time.Time) [][]byte {
	units := make(map[unit]bool)
	ready := func(u unit) bool { return now.Sub(g.sent[u]) >= perSecond }
	soon := false
	for _, d := range g.owed {
		soon = soon || !d.due.After(now)
	}
	for u, d := range g.owed {
		if !d.due.After(now) || soon && !d.due.After(now.Add(gather)) && ready(u) {
			units[u] = true
		}
	}
	for id, o := range s.offers {
		c := o.due[g.link.Index]
		if c.left == 0 || c.due.After(now) {
			continue
		}
		if u := (unit{kindPTR, id}); !ready(u) { // said as an answer meanwhile
			c.due = g.sent[u].Add(perSecond)
			o.due[g.link.Index] = c
			continue
		}
		c.last = now
		c.due = now.Add(perSecond)
		c.left--
		o.due[g.link.Index] = c
		for _, u := range o.units() {
			units[u] = true
		}
	}
	if len(units) == 0 {
		return nil
	}
	return pack(s.bundles(g, units, ready, now))
}

// bundles returns the records of the units, each instance's together, with what
// those who ask will want to know next. The caller holds mu.
func (s *station) bundles(g *segment, units map[unit]bool, ready func(unit) bool, now time.Time) []bundle {
	var all []bundle
	byID := make(map[discovery.ID]bool)
	host := units[unit{kind: kindHost}]
	wanted := false // the addresses
	for u := range units {
		if u.kind != kindHost && u.kind != kindMeta {
			byID[u.id] = true
		}
		wanted = wanted || len(s.together(u)) > 1
	}
	if units[unit{kind: kindMeta}] {
		all = append(all, bundle{answers: s.spend(g, unit{kind: kindMeta}, now)})
	}
	for _, id := range slices.SortedFunc(maps.Keys(byID), discovery.ID.Compare) {
		var b bundle
		points := false
		for _, k := range [...]kind{kindPTR, kindSub, kindSRV, kindTXT} {
			u := unit{k, id}
			if units[u] {
				points = points || k == kindPTR || k == kindSub
				b.answers = append(b.answers, s.spend(g, u, now)...)
			} else if points && (k == kindSRV || k == kindTXT) && ready(u) {
				b.extras = append(b.extras, s.spend(g, u, now)...)
			}
		}
		all = append(all, b)
	}
	switch u := (unit{kind: kindHost}); {
	case host && len(all) == 0:
		all = append(all, bundle{answers: s.spend(g, u, now)})
	case host || wanted && ready(u):
		all[0].extras = append(all[0].extras, s.spend(g, u, now)...)
	}
	return all
}

// spend returns the records of a unit and notes that they are sent. The caller
// holds mu.
func (s *station) spend(g *segment, u unit, now time.Time) []dns.RR {
	g.sent[u] = now
	delete(g.owed, u)
	return s.records(g, u)
}
