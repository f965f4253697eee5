package socket

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
)

// The annals are what a keeper is meant to have, as plainly as it can be said: all
// messages, in the order in which they were published.
type annals struct {
	depth, topics int
	all           []Message
}

// keep keeps one message more, and reports how many were evicted.
func (r *annals) keep(m Message) (evicted int) {
	r.all = append(r.all, m)
	of := func(topic []byte) (n int) {
		for _, m := range r.all {
			if bytes.Equal(m[0], topic) {
				n++
			}
		}
		return n
	}
	if of(m[0]) > r.depth {
		i := slices.IndexFunc(r.all, func(old Message) bool { return bytes.Equal(old[0], m[0]) })
		r.all = slices.Delete(r.all, i, i+1)
	}
	last := make(map[string]int)
	for i, m := range r.all {
		last[string(m[0])] = i
	}
	if len(last) <= r.topics {
		return 0
	}
	stale := slices.MinFunc(r.all, func(a, b Message) int { return cmp.Compare(last[string(a[0])], last[string(b[0])]) })
	n := len(r.all)
	r.all = slices.DeleteFunc(r.all, func(m Message) bool { return bytes.Equal(m[0], stale[0]) })
	return n - len(r.all)
}

// matches returns what is kept of the topics that begin with prefix.
func (r *annals) matches(prefix string) (ms []Message) {
	for _, m := range r.all {
		if strings.HasPrefix(string(m[0]), prefix) {
			ms = append(ms, m)
		}
	}
	return ms
}

// TestKeeper publishes at random, and compares what is kept with the annals.
func TestKeeper(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			rec := &annals{depth: 1 + r.IntN(4), topics: 1 + r.IntN(60)}
			pub := closing(t, must(NewPub(WithReplay(rec.depth), WithReplayLimits(rec.topics, 0), WithSendHWM(0), WithSendHWMBytes(0))))
			k := pub.socket.send.kept
			word := func() string { return "aaab"[r.IntN(4):][:1] + strings.Repeat("ab", r.IntN(4)) + "abc"[:r.IntN(4)] }
			evicted := 0
			for step := range 2000 {
				m := Message{[]byte(word()), fmt.Append(nil, step), make([]byte, r.IntN(50))}
				if r.IntN(100) == 0 {
					m = append(m, make([]byte, queue.LargeBody+r.IntN(1000)))
				}
				if err := pub.Send(t.Context(), m...); err != nil {
					t.Fatal(err)
				}
				evicted += rec.keep(m)
				prefix := word()[:r.IntN(2)] + word()[:1]
				want := rec.matches(prefix)
				if n := k.tree.count(prefix); n != len(want) {
					t.Fatalf("step %d: %d kept for %q, want %d", step, n, prefix, len(want))
				}
				p := pub.newPipe("", false)
				k.replay(p, prefix)
				rd := queue.NewReader(p.out)
				for _, m := range want {
					raw := rd.Next()
					if raw == nil || !slices.EqualFunc(raw.AppendFrames(nil), m, bytes.Equal) {
						t.Fatalf("step %d: replayed %v for %q, want %v", step, raw, prefix, m)
					}
					rd.Done()
				}
				if rd.Next() != nil {
					t.Fatalf("step %d: more than %d messages for %q", step, len(want), prefix)
				}
				st := pub.Stats().Kept
				if st.Messages != len(rec.all) || st.Topics != len(k.topics) || st.Topics > rec.topics || st.Evicted != uint64(evicted) {
					t.Fatalf("step %d: %+v, want %d messages, %d evicted", step, st, len(rec.all), evicted)
				}
				if octets := k.weight(); octets != st.Bytes {
					t.Fatalf("step %d: %d octets, counted %d", step, octets, st.Bytes)
				}
			}
		})
	}
}

// weight adds up what the messages cost.
func (k *keeper) weight() (octets int) {
	for topic, t := range k.topics {
		octets += topicKept + len(topic)
		for m := t.first; m != nil; m = m.next {
			octets += messageKept + m.packed.Memory()
		}
	}
	return octets
}

// TestKeeperOctets: what is kept stays below the limit in octets at any time. The
// topics that were published least recently go first, and of the last one its
// oldest messages.
func TestKeeperOctets(t *testing.T) {
	const limit = 100_000
	pub := closing(t, must(NewPub(WithReplay(100), WithReplayLimits(0, limit))))
	kept := func(topic string) int { return pub.socket.send.kept.tree.count(topic) }
	send := func(topic string, size int) {
		t.Helper()
		if err := pub.Send(t.Context(), []byte(topic), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if st := pub.Stats().Kept; st.Bytes > limit || st.Bytes < 0 {
			t.Fatalf("%+v", st)
		}
	}
	send("old", 12_000)
	send("young", 12_000)
	send("old", 12_000) // which makes it the younger one
	send("other", 65_000)
	if kept("young") != 0 || kept("old") != 2 || kept("other") != 1 {
		t.Errorf("kept %d, %d, %d", kept("young"), kept("old"), kept("other"))
	}
	for range 50 {
		send("other", 9_000)
	}
	if n := kept("other"); kept("old") != 0 || n < 9 || n > 11 {
		t.Errorf("kept %d, %d", kept("old"), n)
	}
	send("other", limit) // cannot be kept, and what was before it is out of date
	if st := pub.Stats().Kept; st.Topics != 0 || st.Messages != 0 || st.Bytes != 0 || st.Evicted != 55 {
		t.Errorf("%+v", st)
	}
	r := rand.New(rand.NewPCG(1, 4))
	for range 2000 {
		send(fmt.Sprint(r.IntN(200)), r.IntN(40_000))
	}
}

// TestKeeperAllocations: for topics that are known, keeping costs no allocation.
func TestKeeperAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, size := range []int{10, 1000, 100_000} {
		pub := closing(t, must(NewPub(WithReplay(2))))
		topics := make([][]byte, 100)
		for i := range topics {
			topics[i] = fmt.Append(nil, "topic ", i)
		}
		body := make([]byte, size)
		send := func() {
			for _, topic := range topics {
				if err := pub.Send(t.Context(), topic, body); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 3 {
			send()
		}
		if n := testing.AllocsPerRun(20, send); n > 0.5 {
			t.Errorf("%v allocations for %d messages of %d octets", n, len(topics), size)
		}
	}
}
