package mdns

import (
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/brokerless/brokerless/discovery"
)

const (
	askAgain   = time.Second            // if they do not come, and then after three times as long
	askAfter   = 150 * time.Millisecond // for parts of an instance that did not come along, and between sweeps
	maxAsked   = 24                     // questions in a sweep
	maxAsks    = 4                      // for the parts of one instance
	patience   = 15 * time.Second       // with an instance of which only parts come
	maxMissed  = 3                      // rounds without an answer until an instance has expired
	countEvery = 10 * time.Second       // at least, from when an instance was heard to a round that counts, and between two
)

// sweepBy makes run sweep not later than at t. The caller holds mu.
func (s *station) sweepBy(t time.Time) {
	if s.sweepAt.IsZero() || t.Before(s.sweepAt) {
		s.sweepAt = t
	}
}

// attend makes run look at an instance when the first thing that is known of it
// ends, or something is to be asked for. The caller holds mu.
func (s *station) attend(f *found, now time.Time) {
	t := now.Add(maxTTL)
	sooner := func(other time.Time) {
		if other.Before(t) {
			t = other
		}
	}
	asks := s.watchers > 0 && f.asks < maxAsks
	if !f.told {
		sooner(f.since.Add(patience))
		if asks {
			sooner(f.askAt)
		}
	} else {
		leases := []lease{f.srv, f.txt}
		if h := s.hosts[f.host]; h != nil {
			for _, a := range h.addrs {
				leases = append(leases, a.lease)
			}
		}
		for _, l := range leases {
			sooner(l.until)
			if asks && l.refresh.After(f.askAt) {
				sooner(l.refresh)
			} else if asks {
				sooner(f.askAt)
			}
		}
	}
	if t.Before(now.Add(askAfter)) { // however many there are
		t = now.Add(askAfter)
	}
	s.sweepBy(t)
}

// sweep lets go what has expired and asks for what is missing. The caller holds
// mu.
func (s *station) sweep(now time.Time) []datagram {
	s.sweepAt = time.Time{}
	if !s.downSince.IsZero() && now.Sub(s.downSince) < ttl {
		if len(s.found) > 0 {
			s.sweepBy(s.downSince.Add(ttl))
		}
		return nil
	}
	s.expireAddresses(now)
	asking := s.watchers > 0 && len(s.segments) > 0
	var questions []dns.Question
	for _, f := range s.found {
		switch {
		case f.told && (!f.srv.until.After(now) || !f.txt.until.After(now)):
			s.drop(f, discovery.ErrExpired)
			continue
		case !f.told && now.Sub(f.since) >= patience:
			s.drop(f, nil)
			continue
		}
		if asking && !f.askAt.After(now) && f.asks < maxAsks && len(questions) < maxAsked {
			if q := s.missing(f, now); len(q) > 0 {
				questions = append(questions, q...)
				f.pause = max(3*f.pause, askAgain)
				f.askAt = now.Add(f.pause)
				f.asks++
			}
		}
		s.attend(f, now)
	}
	return s.question(questions)
}

// expireAddresses lets go the addresses that nobody has repeated. The caller
// holds mu.
func (s *station) expireAddresses(now time.Time) {
	changed := make(map[string]bool)
	for name, h := range s.hosts {
		n := len(h.addrs)
		h.addrs = slices.DeleteFunc(h.addrs, func(a address) bool { return !a.lease.until.After(now) })
		if len(h.addrs) != n {
			changed[name] = true
		}
	}
	if len(changed) == 0 {
		return
	}
	for _, f := range s.found {
		if changed[f.host] {
			s.settle(f, now)
		}
	}
}

// missing returns the questions for what is not known of an instance, or will
// not be soon. The caller holds mu.
func (s *station) missing(f *found, now time.Time) []dns.Question {
	var all []dns.Question
	ask := func(name string, rtype uint16) {
		all = append(all, dns.Question{Name: name, Qtype: rtype, Qclass: dns.ClassINET})
	}
	if !f.srv.refresh.After(now) {
		ask(instanceName(f.id), dns.TypeSRV)
	}
	if !f.txt.refresh.After(now) {
		ask(instanceName(f.id), dns.TypeTXT)
	}
	h := s.hosts[f.host]
	if h == nil {
		return all
	}
	unreachable := false
	if !f.told && len(all) == 0 {
		_, ok := s.instance(f)
		unreachable = !ok
	}
	if unreachable || slices.ContainsFunc(h.addrs, func(a address) bool { return !a.lease.refresh.After(now) }) {
		ask(f.host, dns.TypeA)
		ask(f.host, dns.TypeAAAA)
	}
	return all
}

// question asks on every link. The caller holds mu.
func (s *station) question(all []dns.Question) []datagram {
	var out []datagram
	for _, b := range packQuestions(all) {
		for i := range s.segments {
			out = append(out, datagram{data: b, link: i})
		}
	}
	return out
}

// outage notes that the links have gone or come back. What was known then holds
// for as long as they were gone, up to one TTL, longer. The caller holds mu.
func (s *station) outage(now time.Time) {
	switch {
	case len(s.segments) == 0:
		if s.downSince.IsZero() {
			s.downSince = now
		}
	case !s.downSince.IsZero():
		more := min(now.Sub(s.downSince), ttl)
		s.downSince = time.Time{}
		for _, f := range s.found {
			f.srv.extend(more)
			f.txt.extend(more)
			f.missed = 0
		}
		for _, h := range s.hosts {
			for i := range h.addrs {
				h.addrs[i].lease.extend(more)
			}
		}
	}
}

func (l *lease) extend(d time.Duration) {
	if !l.until.IsZero() {
		l.until, l.refresh = l.until.Add(d), l.refresh.Add(d)
	}
}
