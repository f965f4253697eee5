package socket

import (
	"context"
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
)

// A stamp is the body of a message in the churn: who sent it, and its number
// among those that this sender sent to this receiver.
func stamp(sender, number int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(sender))
	return binary.BigEndian.AppendUint32(b, uint32(number))
}

func unstamp(t testing.TB, body []byte) (sender, number int) {
	t.Helper()
	if len(body) != 8 {
		t.Fatalf("a message changed on its way: %q", body)
	}
	return int(binary.BigEndian.Uint32(body)), int(binary.BigEndian.Uint32(body[4:]))
}

// A ledger holds what one receiver got of each sender: nothing twice, and in
// order.
type ledger struct {
	t     testing.TB
	who   string
	last  map[int]int // number of the last message of each sender
	first map[int]int
	count map[int]int
	total int
}

func newLedger(t testing.TB, who string) *ledger {
	t.Helper()
	return &ledger{t: t, who: who, last: make(map[int]int), first: make(map[int]int), count: make(map[int]int)}
}

// enter notes a message.
func (l *ledger) enter(sender, number int) {
	l.t.Helper()
	last, known := l.last[sender]
	switch {
	case !known:
		l.first[sender] = number
	case number == last:
		l.t.Errorf("%s received message %d of %d twice", l.who, number, sender)
	case number < last:
		l.t.Errorf("%s received message %d of %d after %d", l.who, number, sender, last)
	}
	l.last[sender] = number
	l.count[sender]++
	l.total++
}

// missing returns how many messages of a sender are not there, of those
// between the first and the last that are.
func (l *ledger) missing(sender int) int {
	return l.last[sender] - l.first[sender] + 1 - l.count[sender]
}

// An audit looks at the figures of sockets again and again while they work.
type audit struct {
	t     testing.TB
	mu    sync.Mutex
	books map[node]string
	stop  context.CancelFunc
	done  sync.WaitGroup
	looks atomic.Int64
}

func newAudit(t testing.TB) *audit {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	a := &audit{t: t, books: make(map[node]string), stop: cancel}
	a.done.Go(func() {
		for ctx.Err() == nil && !t.Failed() {
			a.look()
		}
	})
	t.Cleanup(a.close)
	return a
}

// open enters a socket into the audit.
func (a *audit) open(who string, s node) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.books[s] = who
}

// look looks at all sockets once.
func (a *audit) look() {
	a.mu.Lock()
	books := maps.Clone(a.books)
	a.mu.Unlock()
	for s, who := range books {
		balanced(a.t, who, s.Stats())
		a.looks.Add(1)
	}
}

// finish takes a closed socket out and looks at it for the last time. It
// returns its figures.
func (a *audit) finish(s node) Stats {
	a.mu.Lock()
	who := a.books[s]
	delete(a.books, s)
	a.mu.Unlock()
	st := s.Stats()
	balanced(a.t, who, st)
	if st.Out.Queued != 0 || st.In.Queued != 0 || st.Peers != 0 || st.Pending != 0 {
		a.t.Errorf("%s is closed, and has %d messages to send, %d to receive, %d peers, %d in the handshake",
			who, st.Out.Queued, st.In.Queued, st.Peers, st.Pending)
	}
	return st
}

// close ends the audit.
func (a *audit) close() {
	a.stop()
	a.done.Wait()
	if a.looks.Load() == 0 {
		a.t.Error("the audit never saw a socket at work")
	}
}
