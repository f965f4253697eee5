package socket

import (
	"cmp"
	"slices"

	"github.com/brokerless/brokerless/internal/queue"
)

// A keeper keeps the newest messages of each topic that a publisher has sent, for
// those who subscribe later. The send lock guards it.
type keeper struct {
	depth     int // messages of a topic
	maxTopics int // 0: no limit
	maxOctets int // 0: no limit
	topics    map[string]*keptTopic
	tree      keptTree   // the same
	newest    *keptTopic // the one published last
	oldest    *keptTopic
	published uint64 // messages ever
	stats     KeptStats
	found     []*kept // for one replay
}

// A keptTopic is one topic and its messages.
type keptTopic struct {
	branch
	topic        string
	messages     int
	first, last  *kept      // the oldest first
	newer, older *keptTopic // by when they were published last
}

// A kept message stands as it goes on the wire.
type kept struct {
	next   *kept
	order  uint64 // in which it was published
	packed queue.Packed
	cost   int
}

// What is counted for each topic and message, beside their octets.
const (
	topicKept   = 192
	messageKept = 128
)

func newKeeper(c *config) *keeper {
	if c.replay == 0 {
		return nil
	}
	return &keeper{
		depth:     c.replay,
		maxTopics: c.maxKeptTopics,
		maxOctets: c.maxKeptOctets,
		topics:    make(map[string]*keptTopic),
	}
}

// keep keeps a message that has been published. It allocates only for topics
// that are new, and messages larger than those before.
func (k *keeper) keep(frames [][]byte) {
	t := k.topics[string(frames[0])]
	if t == nil {
		t = &keptTopic{topic: string(frames[0])}
		k.topics[t.topic] = t
		k.tree.insert(t)
		k.stats.Topics++
		k.stats.Bytes += topicKept + len(t.topic)
	} else {
		k.unlink(t)
	}
	k.link(t)
	var m *kept
	if t.messages < k.depth {
		m = new(kept)
		k.tree.add(t, 1)
		k.stats.Messages++
	} else {
		m = t.shift()
	}
	if t.last == nil {
		t.first = m
	} else {
		t.last.next = m
	}
	t.last = m
	k.published++
	m.order = k.published
	m.packed.SetTight(frames)
	k.stats.Bytes -= m.cost
	m.cost = messageKept + m.packed.Memory()
	k.stats.Bytes += m.cost
	k.limit(t)
}

// limit forgets what is above the limits: the topics that were published least
// recently, whole; of the one that has just been, the oldest messages.
func (k *keeper) limit(present *keptTopic) {
	for k.oldest != nil && (k.maxTopics > 0 && k.stats.Topics > k.maxTopics || k.maxOctets > 0 && k.stats.Bytes > k.maxOctets) {
		t := k.oldest
		if t == present && t.messages > 1 {
			k.drop(t.shift())
			k.tree.add(t, -1)
			continue
		}
		k.unlink(t)
		k.tree.remove(t)
		delete(k.topics, t.topic)
		k.stats.Topics--
		k.stats.Bytes -= topicKept + len(t.topic)
		for t.first != nil {
			k.drop(t.shift())
		}
	}
}

// drop forgets a message that has been taken from its topic.
func (k *keeper) drop(m *kept) {
	m.packed.Reset()
	k.stats.Messages--
	k.stats.Bytes -= m.cost
	k.stats.Evicted++
}

// shift takes out the oldest message of t, which stays counted.
func (t *keptTopic) shift() *kept {
	m := t.first
	if t.first = m.next; t.first == nil {
		t.last = nil
	}
	m.next = nil
	return m
}

// link makes t the topic that was published last.
func (k *keeper) link(t *keptTopic) {
	t.older, t.newer = k.newest, nil
	if k.newest == nil {
		k.oldest = t
	} else {
		k.newest.newer = t
	}
	k.newest = t
}

func (k *keeper) unlink(t *keptTopic) {
	if t.newer == nil {
		k.newest = t.older
	} else {
		t.newer.older = t.older
	}
	if t.older == nil {
		k.oldest = t.newer
	} else {
		t.older.newer = t.newer
	}
}

// replay queues for p what is kept of the topics that begin with prefix, in the
// order in which it was published. Of what is too much for p's queue the oldest is
// dropped. To find the queue full costs little, however much is kept: a peer that
// takes nothing cannot keep the publisher busy by subscribing. It returns who is to
// be woken. The caller holds the send lock.
func (k *keeper) replay(p *pipe, prefix string) (wake queue.Waker) {
	n := k.tree.count(prefix)
	if n == 0 {
		return nil
	}
	room, octets := p.out.Space()
	empty := p.out.Depth().Messages == 0
	if room <= 0 || octets <= 0 && !empty {
		p.out.Fits(1) // from now on it is full
		p.lose(n, DropFull)
		return nil
	}
	found := k.tree.root.appendMatches(k.found[:0], prefix)
	slices.SortFunc(found, func(a, b *kept) int { return cmp.Compare(a.order, b.order) })
	from := n
	for from > 0 && room > 0 {
		size := found[from-1].packed.Size()
		if size > octets && !empty {
			break
		}
		empty = false
		octets -= size
		room--
		from--
	}
	for _, m := range found[from:] {
		if w := p.out.AppendPacked(&m.packed); w != nil {
			wake = w
		}
	}
	k.stats.Replayed += uint64(n - from)
	if from > 0 {
		p.out.Fits(found[from-1].packed.Size())
		p.lose(from, DropFull)
	}
	clear(found)
	k.found = found[:0]
	return wake
}
