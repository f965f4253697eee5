package mesh

import (
	"math/rand/v2"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// gauge is how much an instance of a service has to do, as far as is known: our
// own calls exactly, those of others as it said with its last answer.
type gauge struct {
	own      int
	reported uint64
	at       time.Time
}

// loadHalfLife is the time in which half of what an instance reported is taken
// to be done. Without it, one that was busy once would not be asked again, and so
// could not tell that it is idle.
const loadHalfLife = time.Second

// maxLoad bounds what a peer may report.
const maxLoad = 1 << 20

func (g *gauge) report(load uint64) { g.reported, g.at = min(load, maxLoad), time.Now() }

func (g *gauge) load(now time.Time) uint64 {
	halves := min(now.Sub(g.at)/loadHalfLife, 32)
	return uint64(g.own) + g.reported>>max(0, halves)
}

// gauge returns the gauge of one of the peer's services.
func (l *link) gauge(v *service) *gauge {
	g := l.gauges[v.Name]
	if g == nil {
		g = &gauge{}
		g.report(v.Load)
		l.gauges[v.Name] = g
	}
	return g
}

// choice is an instance that is to execute a call.
type choice struct {
	link       *link    // nil: our own
	gauge      *gauge   // of the link's
	service    *Service // our own
	idempotent bool
}

func (c choice) found() bool { return c.link != nil || c.service != nil }

// choose returns the instance of a service that has the least to do, any of
// several such, without those to avoid. The caller holds mu.
func (n *Node) choose(name string, avoid map[discovery.ID]bool) (best choice) {
	now := time.Now()
	var least uint64
	equal := 0
	weigh := func(load uint64, c choice) {
		switch {
		case !best.found() || load < least:
			best, least, equal = c, load, 1
		case load == least:
			if equal++; rand.N(equal) == 0 {
				best = c
			}
		}
	}
	if s := n.services[name]; s != nil && !s.pool.draining && !n.leaving && !avoid[n.id] {
		weigh(uint64(s.pool.load()), choice{service: s, idempotent: s.idempotent})
	}
	for id, m := range n.roster.members {
		if m.is != Up || m.draining || avoid[id] {
			continue
		}
		v := m.state.services[name]
		if v == nil || v.Draining {
			continue
		}
		if l := n.links[id]; l.live() {
			g := l.gauge(v)
			weigh(g.load(now), choice{link: l, gauge: g, idempotent: v.Idempotent})
		}
	}
	return best
}
