package zmq4adapter

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// topical is an adapter that can tell its topics: a PUB, an XPUB or a SUB.
type topical struct{ *adapter }

var _ zmq4.Topics = (*topical)(nil)

// Topics returns the topics that a SUB has subscribed to, and those that the
// peers of a PUB or XPUB have, sorted, each once. It does not block.
func (t *topical) Topics() []string {
	if t.kind == zmq4.XPub {
		t.mu.Lock()
		x, ok := t.eng.(*socket.XPub)
		t.mu.Unlock()
		if ok {
			t.topics.look(x)
		}
	}
	return t.topics.sorted()
}

// maxUnreceived is how many messages of an XPUB look takes ahead of an
// application that does not receive. The rest waits in the socket, as all of
// it does without look.
const maxUnreceived = 1000

// topics is what a SUB has subscribed to, or the peers of a publisher have.
type topics struct {
	turn chan struct{} // of capacity 1: held by the recv under way, for what it notes has an order

	mu        sync.Mutex
	count     map[string]int   // of a SUB: how often; of a publisher: 1
	receiving bool             // recv waits
	ahead     []socket.Message // what look took before recv
}

func newTopics() *topics {
	return &topics{turn: make(chan struct{}, 1), count: make(map[string]int)}
}

// change adds n to the count of a topic.
func (t *topics) change(topic string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count[topic] += n; t.count[topic] <= 0 {
		delete(t.count, topic)
	}
}

// sorted returns the topics.
func (t *topics) sorted() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.AppendSeq(make([]string, 0, len(t.count)), maps.Keys(t.count))
	slices.Sort(all)
	return all
}

// note takes notice of what a publisher has received. An XPUB tells of the
// first peer that subscribes to a topic, and of the last that cancels. The
// caller holds mu.
func (t *topics) note(m socket.Message) {
	switch {
	case len(m) != 1 || len(m[0]) == 0: // what an XSUB sent upstream
	case m[0][0] == 1:
		t.count[string(m[0][1:])] = 1
	case m[0][0] == 0:
		delete(t.count, string(m[0][1:]))
	}
}

// watch receives for a PUB, whose application does not, until it is closed.
func (t *topics) watch(ctx context.Context, x *socket.XPub) {
	for {
		m, err := x.Recv(ctx)
		if err != nil {
			return
		}
		t.mu.Lock()
		t.note(m)
		t.mu.Unlock()
	}
}

// recv receives for the application of an XPUB.
func (t *topics) recv(ctx context.Context, x receiver) (socket.Message, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t.mu.Lock()
	if len(t.ahead) > 0 {
		m := t.ahead[0]
		t.ahead[0] = nil
		t.ahead = t.ahead[1:]
		t.mu.Unlock()
		return m, nil
	}
	t.receiving = true // look takes nothing from now on, so that what comes ends this call
	t.mu.Unlock()
	m, err := x.Recv(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.receiving = false
	if err == nil {
		t.note(m)
	}
	return m, err
}

// look takes notice of what has come and was not received.
func (t *topics) look(x receiver) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.receiving && len(t.ahead) < maxUnreceived {
		m, err := x.TryRecv()
		if err != nil {
			return
		}
		t.note(m)
		t.ahead = append(t.ahead, m)
	}
}
