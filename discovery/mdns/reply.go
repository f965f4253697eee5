package mdns

import (
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

const (
	maxReplies = 20 // unicast, in a second
	legacyTTL  = 10 // seconds, RFC 6762 section 6.7
)

// reply answers one querier alone: one who asked for that, or an old resolver
// that asks from any port and wants its question back. The caller holds mu.
func (s *station) reply(g *segment, to netip.AddrPort, q *dns.Msg, legacy bool, units []unit) {
	m := response()
	seen := make(map[unit]bool)
	for _, u := range units {
		if !seen[u] {
			seen[u] = true
			m.Answer = append(m.Answer, s.records(g, u)...)
		}
	}
	for _, u := range units {
		for _, with := range s.together(u) {
			if !seen[with] {
				seen[with] = true
				m.Extra = append(m.Extra, s.records(g, with)...)
			}
		}
	}
	if legacy {
		m.Id, m.Question = q.Id, q.Question[:1]
		for _, rr := range slices.Concat(m.Answer, m.Extra) {
			rr.Header().Class &^= cacheFlush
			rr.Header().Ttl = legacyTTL
		}
	}
	for m.Len() > maxPacket && len(m.Extra) > 0 {
		m.Extra = m.Extra[:len(m.Extra)/2]
	}
	for m.Len() > maxPacket && len(m.Answer) > 1 {
		m.Answer = m.Answer[:len(m.Answer)/2]
	}
	if b, err := m.Pack(); err == nil {
		s.replies = append(s.replies, datagram{data: b, link: g.link.Index, to: to})
	}
}

// An allowance is of so many replies a second, so that a forged source is not
// flooded by us.
type allowance struct {
	since time.Time
	spent int
}

func (a *allowance) take(now time.Time) bool {
	if now.Sub(a.since) >= time.Second {
		a.since, a.spent = now, 0
	}
	a.spent++
	return a.spent <= maxReplies
}
