package mesh

import (
	"fmt"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// wake has the keeper look for what there is to do.
func (n *Node) wake() {
	select {
	case n.awake <- struct{}{}:
	default:
	}
}

// keep does what is due: it gives up those who were Suspect for too long, tells
// peers what has changed, and looks at the links now and then.
func (n *Node) keep() {
	every := n.cfg.heartbeat / 2
	timer := time.NewTimer(every)
	defer timer.Stop()
	surveyed := time.Now()
	for {
		select {
		case <-timer.C:
		case <-n.awake:
		case <-n.ctx.Done():
			return
		}
		if gap := time.Since(surveyed); gap >= every {
			inTime := gap < 2*every+n.cfg.timeout/8
			if !inTime {
				n.mu.Lock()
				n.roster.stoodStill(gap - every)
				n.mu.Unlock()
			}
			n.survey(inTime)
			surveyed = time.Now()
		}
		excluded, next := n.attend(time.Now())
		for _, id := range excluded {
			n.follower.Exclude(id) // without mu: the follower asks isLinked under its own lock
		}
		pause := every
		if !next.IsZero() {
			pause = max(min(pause, time.Until(next)), time.Millisecond)
		}
		timer.Reset(pause)
	}
}

// attend does what needs the lock, and returns whom the follower is to leave
// alone and when there is something to do next.
func (n *Node) attend(now time.Time) (excluded []discovery.ID, next time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	next = n.roster.tick(now)
	for id, l := range n.links {
		switch {
		case !l.ended.IsZero():
			if now.Sub(l.ended) > endedKept {
				delete(n.links, id)
			}
		case l.live() && l.state != nil && n.roster.members[id] == nil:
			n.forsake(l)
		}
	}
	if n.unpublished && !n.parting {
		n.unpublished = false
		if b, err := n.describe().encode(); err == nil {
			for _, l := range n.links {
				if l.live() {
					n.control(l, header{kind: kindState}, b)
				}
			}
		}
	}
	excluded, n.excluded = n.excluded, nil
	return excluded, next
}

// survey compares the links with those the socket has, for a monitor may lose
// events, and looks which are silent: the socket gives up a silent link itself,
// unless it is stuck writing to it. If it is not in time, this process or the
// machine stood still: what the peers have said is still to be read, and nobody
// is called silent yet.
func (n *Node) survey(inTime bool) {
	each := n.router.Stats().Each
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	there := make(map[*link]bool, len(each))
	for _, e := range each {
		id, ok := peerID(e.Peer.ID)
		if !ok {
			continue
		}
		l := n.linkOf(id, e.Peer)
		if l == nil {
			continue
		}
		there[l] = true
		if !l.live() || l.state == nil {
			continue
		}
		if silence := now.Sub(e.LastHeard); !e.LastHeard.IsZero() && silence > n.cfg.timeout {
			if !inTime {
				continue
			}
			n.roster.silent(id, fmt.Errorf("nothing heard for %v", silence.Round(time.Millisecond)), now)
		} else {
			n.roster.heard(id, l.state, now)
		}
	}
	for _, l := range n.links {
		switch {
		case there[l] || !l.ended.IsZero():
			l.missing = 0
		default:
			if l.missing++; l.missing > 1 {
				n.linkDown(l, ErrPeerLost)
			}
		}
	}
}
