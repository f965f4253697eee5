package lan

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// heartbeat makes followers notice in two seconds that a link is dead.
const heartbeat = 500 * time.Millisecond

// open starts a guest on the host, with the means to find others: mDNS, or
// those given.
func (h *host) open(t testing.TB, m ...Means) *process {
	t.Helper()
	p := h.start(t)
	p.call(t, "Open", append(m, Means{})[0], nil)
	return p
}

// offer offers a PULL under the name of a service, and returns how it is
// announced.
func (p *process) offer(t testing.TB, in discovery.Instance) discovery.Instance {
	t.Helper()
	var out discovery.Instance
	p.call(t, "Offer", in, &out)
	return out
}

// follow makes a PUSH that follows a service.
func (p *process) follow(t testing.TB, w Whom) {
	t.Helper()
	p.call(t, "Follow", w, nil)
}

// await returns the next record that q asks for, when it is there.
func (p *process) await(t testing.TB, q Query) Record {
	t.Helper()
	var r Record
	p.call(t, "Await", q, &r)
	return r
}

// happened returns what has happened of what q asks for.
func (p *process) happened(t testing.TB, q Query) []Record {
	t.Helper()
	var all []Record
	p.call(t, "All", q, &all)
	return all
}

// now returns the index of what happens next.
func (p *process) now(t testing.TB) int {
	t.Helper()
	var index int
	p.call(t, "Now", nil, &index)
	return index
}

// messages numbers the messages of this process.
var messages atomic.Int64

// say sends a message to an instance that follows, and returns its receipt at
// one that receives.
func (p *process) say(t testing.TB, service string, to *process) Record {
	t.Helper()
	text := fmt.Sprintf("message %d.", messages.Add(1))
	p.call(t, "Send", Parcel{service, text}, nil)
	return to.await(t, Query{Kinds: []string{"message"}, Text: text})
}

// linked waits until there is a link to the instance, made after a moment in the
// follower's journal.
func (p *process) linked(t testing.TB, in discovery.Instance, from int) Record {
	t.Helper()
	return p.await(t, Query{Kinds: []string{"linked"}, ID: in.ID.String(), From: from})
}

// unlinked waits until the link is lost.
func (p *process) unlinked(t testing.TB, in discovery.Instance, from int) Record {
	t.Helper()
	return p.await(t, Query{Kinds: []string{"unlinked"}, ID: in.ID.String(), From: from})
}
