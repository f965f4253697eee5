package mdns

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

const (
	maxTTL       = 75 * time.Minute // however long others want to be remembered
	maxPartial   = 1024             // instances of which not all is known
	maxAddresses = 8                // of a host
)

// A found instance is one that was heard of.
type found struct {
	id    discovery.ID
	since time.Time // it was heard of first
	heard time.Time // and last
	from  netip.AddrPort
	link  int  // by which it was heard last; 0: only the browser has seen it
	loop  bool // it was heard by loopback
	told  bool // it is in the catalog
	gone  bool

	host string // target of its SRV record, "" before there was one
	port uint16
	srv  lease
	txt  lease
	text text

	former   string // the host before this one
	formerAt time.Time
	rival    string // another host that says it is this instance

	missed int           // rounds without an answer
	asks   int           // for what is missing
	pause  time.Duration // since the last time
	askAt  time.Time
}

// A lease is how long a record holds. The zero lease has ended.
type lease struct {
	until   time.Time
	refresh time.Time // when to ask for it again, RFC 6762 section 5.2
}

func newLease(seconds uint32, now time.Time) lease {
	d := min(time.Duration(seconds)*time.Second, maxTTL)
	return lease{until: now.Add(d), refresh: now.Add(d * 8 / 10)}
}

// News is what one packet says of one instance.
type news struct {
	id  discovery.ID
	ptr *dns.PTR
	srv *dns.SRV
	txt *dns.TXT
}

// learn takes the answers in a packet. The caller holds mu.
func (s *station) learn(g *segment, p packet, m *dns.Msg, now time.Time) {
	var all []*news
	var hosts []dns.RR
	of := func(name string) *news {
		id, ours, err := parseInstance(name)
		if err != nil {
			s.warnMalformed(p.from, fmt.Errorf("instance %q: want 32 hexadecimal digits before %s", clip(name), serviceType), now)
		}
		if !ours || err != nil {
			return nil
		}
		for _, n := range all {
			if n.id == id {
				return n
			}
		}
		n := &news{id: id}
		all = append(all, n)
		return n
	}
	for _, section := range [...][]dns.RR{m.Answer, m.Extra} {
		for _, rr := range section {
			if rr.Header().Class&^cacheFlush != dns.ClassINET {
				continue
			}
			switch rr := rr.(type) {
			case *dns.PTR:
				switch dns.CanonicalName(rr.Hdr.Name) {
				case serviceType:
					if n := of(rr.Ptr); n != nil {
						n.ptr = rr
					}
				case metaType: // somebody has said it for us too
					delete(g.owed, unit{kind: kindMeta})
				}
			case *dns.SRV:
				if n := of(rr.Hdr.Name); n != nil {
					n.srv = rr
				}
			case *dns.TXT:
				if n := of(rr.Hdr.Name); n != nil {
					n.txt = rr
				}
			case *dns.A, *dns.AAAA:
				hosts = append(hosts, rr)
			}
		}
	}
	touched := make(map[*found]bool)
	for _, n := range all {
		if f := s.merge(g, p.from, n, now); f != nil {
			touched[f] = true
		}
	}
	if changed := s.learnAddresses(g, hosts, now); len(changed) > 0 {
		for _, f := range s.found {
			touched[f] = touched[f] || changed[f.host]
		}
	}
	for f, ok := range touched {
		if !ok {
			continue
		}
		s.settle(f, now)
	}
}

// merge takes news of an instance, and returns it if it may have changed. The
// caller holds mu.
func (s *station) merge(g *segment, from netip.AddrPort, n *news, now time.Time) *found {
	f := s.found[n.id]
	if n.ptr != nil && n.ptr.Hdr.Ttl == 0 || n.srv != nil && n.srv.Hdr.Ttl == 0 {
		if f != nil && s.mayLeave(f, from, n) {
			s.drop(f, discovery.ErrLeft)
		}
		return nil
	}
	var t text
	if n.txt != nil {
		var err error
		if t, err = decodeText(unescaped(n.txt.Txt)); err == nil && t.derived && n.srv != nil && n.srv.Port == 0 {
			err = fmt.Errorf("port 0 and no endpoint")
		}
		if err != nil {
			s.warnMalformed(from, fmt.Errorf("instance %s: %w", n.id, err), now)
			return nil
		}
	}
	if f == nil {
		f = s.admit(n.id, now)
	}
	if n.srv != nil {
		target := dns.CanonicalName(n.srv.Target)
		if !s.owns(f, target, from, now) {
			return nil
		}
		s.setHost(f, target)
		f.port, f.srv = n.srv.Port, newLease(n.srv.Hdr.Ttl, now)
		f.from = from
	} else if f.rival != "" && f.from.Addr() != from.Addr() {
		return nil // perhaps the rival's
	}
	if n.txt != nil && n.txt.Hdr.Ttl > 0 {
		f.text, f.txt = t, newLease(n.txt.Hdr.Ttl, now)
	}
	f.heard, f.missed, f.link = now, 0, g.link.Index
	f.loop = f.loop || loopback(g)
	if f.asks > 0 && f.told {
		f.asks, f.pause = 0, 0
	}
	return f
}

func unescaped(all []string) []string {
	out := make([]string, 0, len(all))
	for _, s := range all {
		out = append(out, unescape(s))
	}
	return out
}

// mayLeave reports whether a goodbye counts. One that is from the host before,
// or from a rival, does not. The caller holds mu.
func (s *station) mayLeave(f *found, from netip.AddrPort, n *news) bool {
	if n.srv != nil {
		return f.host == "" || dns.CanonicalName(n.srv.Target) == f.host
	}
	return f.rival == "" || f.from.Addr() == from.Addr()
}

// owns reports whether what a host says of the instance counts. An instance
// that comes from another host was restarted, unless the first one is still
// there: then there are two, and the first one is kept as long as it is heard.
// The caller holds mu.
func (s *station) owns(f *found, host string, from netip.AddrPort, now time.Time) bool {
	mine := s.offers[f.id] != nil
	switch {
	case f.host == "" && !mine, f.host == host, mine && host == s.host:
		return true
	case mine, f.rival == host && now.Sub(f.heard) < ttl:
		s.warnConflict(f, from, now)
		return false
	case f.former == host && now.Sub(f.formerAt) < ttl:
		f.rival, f.former = f.host, ""
		s.warnConflict(f, from, now)
		return true
	}
	f.former, f.formerAt, f.rival = f.host, f.heard, ""
	return true
}

// admit makes room for an instance that was not heard of before. The caller
// holds mu.
func (s *station) admit(id discovery.ID, now time.Time) *found {
	s.partial = slices.DeleteFunc(s.partial, func(f *found) bool { return f.told || f.gone })
	if len(s.partial) >= maxPartial {
		oldest := s.partial[0]
		s.partial = s.partial[1:]
		s.drop(oldest, nil)
	}
	f := &found{id: id, since: now, heard: now, askAt: now.Add(askAfter)}
	s.found[id] = f
	s.partial = append(s.partial, f)
	s.attend(f, now)
	return f
}

// hint takes the name of an instance that the browser has seen. It does not say
// by which link or from whom, so the name is all that is taken: what is missing is
// asked for.
func (s *station) hint(label string) {
	id, err := discovery.ParseID(label)
	if err != nil || id == (discovery.ID{}) { // learn has warned
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found[id] == nil && !s.closed {
		s.admit(id, time.Now())
		s.poke()
	}
}

// settle tells the catalog what is known of an instance, if that is enough. The
// caller holds mu.
func (s *station) settle(f *found, now time.Time) {
	if f.gone {
		return
	}
	in, ok := s.instance(f)
	if !ok {
		s.attend(f, now)
		return
	}
	if err := in.Validate(); err != nil {
		s.warnMalformed(f.from, err, now)
		if !f.told {
			s.drop(f, nil)
		}
		return
	}
	if err := s.catalog.Put(&in); err != nil { // full: it has said so
		s.drop(f, nil)
		return
	}
	f.told = true
	s.attend(f, now)
}

// drop forgets an instance, and tells why if it was told of. The caller holds
// mu.
func (s *station) drop(f *found, why error) {
	f.gone = true
	s.setHost(f, "")
	delete(s.found, f.id)
	if f.told {
		s.catalog.Remove(f.id, why)
	}
}
