package pattern

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestTrieMatch(t *testing.T) {
	long := strings.Repeat("x", 65536)
	tests := []struct {
		rule     string
		prefixes []string // one a member, who is called by its number
		topic    string
		want     []int
	}{
		{"WT-97 empty matches everything", []string{""}, "a", []int{0}},
		{"WT-97 empty matches the empty topic", []string{"", "a"}, "", []int{0}},
		{"WT-101 octets, not words", []string{"ab", "a\x00", "\xff"}, "abc", []int{0}},
		{"WT-101 no separators", []string{"a/", "a/b", "a/bc", "a"}, "a/b/c", []int{0, 1, 3}},
		{"PS-03 the topic itself", []string{"abc"}, "abc", []int{0}},
		{"PS-03 topic shorter than the prefix", []string{"abc"}, "ab", nil},
		{"PS-03 every prefix, however nested", []string{"", "a", "ab", "abc", "abcd", "b"}, "abc", []int{0, 1, 2, 3}},
		{"PS-41 nobody", nil, "abc", nil},
		{"labels of one node and one more", []string{long[:17], long[:18], long[:34], long[:35]}, long[:34], []int{0, 1, 2}},
		{"differs in the last octet", []string{long[:40] + "y", long[:40]}, long[:41], []int{1}},
		{"64 KiB", []string{long, long[:65535], long + "x"}, long, []int{0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			var trie Trie[int]
			for x, prefix := range tt.prefixes {
				trie.Add([]byte(prefix), x)
			}
			checkRadix(t, &trie.tree)
			got := trie.AppendMatches(nil, []byte(tt.topic))
			if slices.Sort(got); !slices.Equal(got, tt.want) {
				t.Errorf("AppendMatches: got %v, want %v", got, tt.want)
			}
			if got, want := trie.Match([]byte(tt.topic)), len(tt.want) > 0; got != want {
				t.Errorf("Match: got %v, want %v", got, want)
			}
		})
	}
}

func TestTrieIsASetOfMembers(t *testing.T) {
	var trie Trie[string]
	type result struct{ a, b bool }
	tests := []struct {
		rule   string
		remove bool
		prefix string
		x      string
		want   result // first and added, last and removed
	}{
		{"PS-21 first", false, "t", "a", result{true, true}},
		{"WT-96 duplicate collapses", false, "t", "a", result{false, false}},
		{"PS-21 not the first", false, "t", "b", result{false, true}},
		{"PS-21 duplicate of the second", false, "t", "b", result{false, false}},
		{"WT-96 cancel of a stranger", true, "t", "c", result{false, false}},
		{"WT-96 cancel of another prefix", true, "tt", "a", result{false, false}},
		{"WT-96 cancel of the empty prefix", true, "", "a", result{false, false}},
		{"WT-96 one cancel is enough", true, "t", "a", result{false, true}},
		{"WT-96 cancel of what was never there", true, "t", "a", result{false, false}},
		{"PS-21 last", true, "t", "b", result{true, true}},
		{"WT-96 cancel in an empty trie", true, "t", "b", result{false, false}},
		{"PS-21 first again", false, "t", "b", result{true, true}},
	}
	for _, tt := range tests {
		var got result
		if tt.remove {
			got.a, got.b = trie.Remove([]byte(tt.prefix), tt.x)
		} else {
			got.a, got.b = trie.Add([]byte(tt.prefix), tt.x)
		}
		if got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.rule, got, tt.want)
		}
	}
}

func TestTrieRemoveAll(t *testing.T) {
	var trie Trie[string]
	for _, prefix := range []string{"b", "", "a/1", "a"} {
		trie.Add([]byte(prefix), "gone")
	}
	trie.Add([]byte("a"), "stays")
	trie.Add([]byte("c"), "stays")

	var got []string
	trie.RemoveAll("gone", func(prefix []byte, last bool) {
		if trie.Contains(prefix) == last {
			t.Errorf("%q: told last %v, but Contains says %v", prefix, last, !last)
		}
		got = append(got, fmt.Sprintf("%s %v", prefix, last))
	})
	if want := []string{"b true", " true", "a/1 true", "a false"}; !slices.Equal(got, want) { // WT-99, PS-24
		t.Errorf("got %q, want %q", got, want)
	}
	if trie.Topics() != 2 || trie.Members([]byte("a")) != 1 {
		t.Errorf("%d topics, %d members of a, want 2 and 1", trie.Topics(), trie.Members([]byte("a")))
	}
	trie.RemoveAll("gone", func([]byte, bool) { t.Error("a member that has gone had something to cancel") })
	trie.RemoveAll("stays", nil)
	if trie.tree.nodes != nil || trie.links != nil || trie.members != nil {
		t.Error("an empty Trie keeps memory")
	}
}

// trieModel is a Trie in its plainest form.
type trieModel map[string]map[int]bool

func (m trieModel) add(prefix string, x int) (first, added bool) {
	first, added = m[prefix] == nil, !m[prefix][x]
	if first {
		m[prefix] = make(map[int]bool)
	}
	m[prefix][x] = true
	return first, added
}

func (m trieModel) remove(prefix string, x int) (last, removed bool) {
	removed = m[prefix][x]
	delete(m[prefix], x)
	if last = removed && len(m[prefix]) == 0; last {
		delete(m, prefix)
	}
	return last, removed
}

func (m trieModel) matches(topic string) []int {
	var all []int
	for prefix, members := range m {
		if strings.HasPrefix(topic, prefix) {
			for x := range members {
				all = append(all, x)
			}
		}
	}
	slices.Sort(all)
	return all
}

// trieOp is one operation of a model test or of the fuzzer.
type trieOp struct {
	kind byte
	x    int
	key  string
}

// runTrie does ops to a Trie and to its model and compares what they say.
func runTrie(t *testing.T, ops []trieOp) {
	t.Helper()
	var trie Trie[int]
	model := make(trieModel)
	for i, op := range ops {
		key := []byte(op.key)
		switch op.kind % 8 {
		case 0, 1, 2:
			first, added := trie.Add(key, op.x)
			if wantFirst, wantAdded := model.add(op.key, op.x); first != wantFirst || added != wantAdded {
				t.Fatalf("op %d: Add(%q, %d): got %v, %v, want %v, %v", i, op.key, op.x, first, added, wantFirst, wantAdded)
			}
		case 3, 4, 5:
			last, removed := trie.Remove(key, op.x)
			if wantLast, wantRemoved := model.remove(op.key, op.x); last != wantLast || removed != wantRemoved {
				t.Fatalf("op %d: Remove(%q, %d): got %v, %v, want %v, %v", i, op.key, op.x, last, removed, wantLast, wantRemoved)
			}
		case 6:
			got := trie.AppendMatches(nil, key)
			slices.Sort(got)
			want := model.matches(op.key)
			if !slices.Equal(got, want) || trie.Match(key) != (len(want) > 0) {
				t.Fatalf("op %d: AppendMatches(%q): got %v, want %v", i, op.key, got, want)
			}
		case 7:
			if len(op.key)%4 == 0 { // seldom, or not much is ever in the Trie
				trie.RemoveAll(op.x, func(prefix []byte, last bool) {
					if wantLast, removed := model.remove(string(prefix), op.x); !removed || last != wantLast {
						t.Fatalf("op %d: RemoveAll(%d) at %q: last %v, want %v, %v", i, op.x, prefix, last, wantLast, removed)
					}
				})
			}
			for prefix, members := range model {
				if members[op.x] && len(op.key)%4 == 0 {
					t.Fatalf("op %d: RemoveAll(%d) left out %q", i, op.x, prefix)
				}
			}
		}
		if got, want := trie.Members(key), len(model[op.key]); got != want || trie.Contains(key) != (want > 0) {
			t.Fatalf("op %d: Members(%q): got %d, want %d", i, op.key, got, want)
		}
		if trie.Topics() != len(model) {
			t.Fatalf("op %d: %d topics, want %d", i, trie.Topics(), len(model))
		}
		clear(key) // the Trie must not have kept it
		if i%64 == 0 {
			checkTrie(t, &trie)
		}
	}
	checkTrie(t, &trie)
	for x := range 8 {
		trie.RemoveAll(x, nil)
	}
	if trie.tree.nodes != nil || trie.links != nil {
		t.Fatal("an empty Trie keeps memory")
	}
}

// checkTrie verifies that both lists of each link, and the table of shared ones, agree.
func checkTrie(t *testing.T, trie *Trie[int]) {
	t.Helper()
	checkRadix(t, &trie.tree)
	byPrefix, byMember, shared := 0, 0, 0
	for n := range trie.tree.nodes {
		size := 0
		for l := trie.tree.nodes[n].value; l != 0; l = trie.links[l].after {
			if trie.links[l].node != uint32(n) {
				t.Fatalf("link %d: in the list of node %d, says %d", l, n, trie.links[l].node)
			}
			if trie.find(uint32(n), trie.links[l].member) != l {
				t.Fatalf("link %d cannot be found", l)
			}
			size++
		}
		byPrefix += size
		if size > 1 {
			shared += size
		}
	}
	for x, m := range trie.index {
		older := uint32(0)
		for l := trie.members[m].oldest; l != 0; l = trie.links[l].newer {
			if trie.links[l].member != m || trie.links[l].older != older || trie.members[m].x != x {
				t.Fatalf("link %d: wrongly in the list of member %d", l, m)
			}
			older = l
			byMember++
		}
		if trie.members[m].newest != older || older == 0 {
			t.Fatalf("member %d: newest is %d, want %d", m, trie.members[m].newest, older)
		}
	}
	if byPrefix != byMember || shared != trie.shared.used {
		t.Fatalf("%d links by prefix, %d by member; %d shared, %d in the table", byPrefix, byMember, shared, trie.shared.used)
	}
}

func TestTrieModel(t *testing.T) {
	for _, tt := range []struct {
		name             string
		alphabet, length int
	}{{"dense", 3, 5}, {"two letters, long", 2, 60}, {"wide", 256, 2}, {"chains", 1, 120}} {
		t.Run(tt.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(4, uint64(tt.length)))
			base := make([]byte, tt.length)
			ops := make([]trieOp, 6000)
			for i := range ops {
				key := base[:rnd.IntN(len(base)+1)]
				for j := range key { // most keys share most of the last one
					if rnd.IntN(len(key)) < 2 {
						key[j] = byte(rnd.IntN(tt.alphabet))
					}
				}
				ops[i] = trieOp{byte(rnd.IntN(8)), rnd.IntN(8), string(key)}
			}
			runTrie(t, ops)
		})
	}
}

func FuzzTrie(f *testing.F) {
	f.Add([]byte("\x00\x00\x01a\x08\x01\x02ab\x06\x00\x03abc\x03\x00\x01a"))
	f.Add([]byte("\x00\x00\x28aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x01\x14aaaaaaaaaaaaaaaaaaab\x07\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x00\x01\x00\x00\x02\x00\x03\x01\x00\x06\x00\x00\x07\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var ops []trieOp
		for len(data) >= 3 && len(ops) < 200 {
			size := min(int(data[2]), len(data)-3)
			ops = append(ops, trieOp{data[0], int(data[1] % 8), string(data[3 : 3+size])})
			data = data[3+size:]
		}
		runTrie(t, ops)
	})
}

// TestTrieDeep is the topic that overran another library's stack: 64 KiB of it, subscribed to at every length.
func TestTrieDeep(t *testing.T) {
	topic := bytes.Repeat([]byte("d"), 65536)
	var trie Trie[int]
	for size := 0; size <= len(topic); size += 64 {
		trie.Add(topic[:size], 1)
	}
	if got := len(trie.AppendMatches(nil, topic)); got != 1025 {
		t.Errorf("got %d matches, want 1025", got)
	}
	trie.Add(topic, 2)
	trie.RemoveAll(1, nil)
	checkRadix(t, &trie.tree)
	if used, most := trie.nodes(), len(topic)/labelSize*2+2; used > most {
		t.Errorf("%d nodes for one topic, want at most %d", used, most)
	}
}

// nodes counts the nodes in use.
func (t *Trie[T]) nodes() int {
	n := len(t.tree.nodes)
	for i := t.tree.free; i != 0; i = t.tree.nodes[i].parent {
		n--
	}
	return n
}

// TestTrieHashCollisions puts nodes and links under hashes that belong to others.
func TestTrieHashCollisions(t *testing.T) {
	var trie Trie[int]
	for _, prefix := range []string{"a", "b", "ax", "ay", "bx", "by"} {
		trie.Add([]byte(prefix), 1)
		trie.Add([]byte(prefix), 2)
	}
	trie.Add([]byte("c"), 3)
	trie.Add([]byte("c"), 4)
	node := func(prefix string) uint32 { return trie.tree.find([]byte(prefix)) }
	a, b, bx, by := node("a"), node("b"), node("bx"), node("by")

	hash := trie.tree.edge(a, 'z')
	trie.tree.edges.add(hash, bx) // another octet of another parent
	trie.tree.edges.add(hash, node("ax"))
	if c := trie.tree.child(a, 'z'); c != 0 {
		t.Errorf("a has the child %d for z", c)
	}
	hash = trie.tree.edge(root, 'x')
	trie.tree.edges.add(hash, by)
	trie.tree.edges.add(hash, bx) // this octet of another parent
	if c := trie.tree.child(root, 'x'); c != 0 {
		t.Errorf("the root has the child %d for x, which is that of b", c)
	}

	stranger, one, two := uint32(9), trie.index[1], trie.index[2]
	trie.shared.add(trie.hash(a, stranger), trie.find(a, one))
	trie.shared.add(trie.hash(b, stranger), trie.find(a, two))
	if l := trie.find(a, stranger); l != 0 {
		t.Errorf("a stranger has the link %d to a", l)
	}
	if l := trie.find(b, stranger); l != 0 {
		t.Errorf("a stranger has the link %d to b", l)
	}
	trie.shared.add(trie.hash(node("c"), one), trie.find(a, one))
	if l := trie.find(node("c"), one); l != 0 {
		t.Errorf("a member has the link %d to c, which is that to a", l)
	}
}

func TestTrieMatchDoesNotAllocate(t *testing.T) {
	trie, topics := bigTrie(1000, 10)
	dst := make([]int, 0, 100)
	i := 0
	if got := testing.AllocsPerRun(1000, func() {
		dst = trie.AppendMatches(dst[:0], topics[i])
		if len(dst) == 0 || !trie.Match(topics[i]) || !trie.Contains(topics[i]) {
			t.Fatalf("%q is subscribed to, but does not match", topics[i])
		}
		i = (i + 1) % len(topics)
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

// bigTrie returns a Trie of n subscriptions, each to a topic of its own, by the given number of members.
func bigTrie(n, members int) (*Trie[int], [][]byte) {
	rnd := rand.New(rand.NewPCG(5, 5))
	trie := new(Trie[int])
	topics := make([][]byte, n)
	for i := range topics {
		topics[i] = fmt.Appendf(nil, "market/%03d/%08x", rnd.IntN(500), rnd.Uint32())
		trie.Add(topics[i], i%members)
	}
	return trie, topics
}

// BenchmarkTrieMatch publishes to a thousand topics. If the other subscriptions are apart, under a prefix of their
// own, their number must not matter; if they are near, the way down to a topic is longer, and more of it is not in a
// cache.
func BenchmarkTrieMatch(b *testing.B) {
	for _, bb := range []struct {
		n     int
		where string
	}{{1e3, "apart"}, {1e6, "apart"}, {1e6, "near"}} {
		b.Run(fmt.Sprintf("subscriptions=%d/%s", bb.n, bb.where), func(b *testing.B) {
			trie, topics := bigTrie(bb.n, 100)
			if bb.where == "apart" {
				trie, topics = bigTrie(1000, 100)
				for i := range bb.n - len(topics) {
					trie.Add(fmt.Appendf(nil, "weather/%06x", i), i%100)
				}
			}
			topics = topics[:1000]
			dst := make([]int, 0, 16)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				dst = trie.AppendMatches(dst[:0], topics[i])
				if i++; i == len(topics) {
					i = 0
				}
			}
		})
	}
}

// BenchmarkTrieMatchCold publishes to topics all over the Trie, so that little of what it touches is in a cache.
func BenchmarkTrieMatchCold(b *testing.B) {
	trie, topics := bigTrie(1e6, 100)
	rand.New(rand.NewPCG(6, 6)).Shuffle(len(topics), func(i, j int) { topics[i], topics[j] = topics[j], topics[i] })
	dst := make([]int, 0, 16)
	i := 0
	for b.Loop() {
		dst = trie.AppendMatches(dst[:0], topics[i])
		if i++; i == len(topics) {
			i = 0
		}
	}
}

func BenchmarkTrieAddRemove(b *testing.B) {
	for _, n := range []int{1e3, 1e6} {
		b.Run("subscriptions="+strconv.Itoa(n), func(b *testing.B) {
			trie, topics := bigTrie(n, 100)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				trie.Add(topics[i], -1)
				trie.Remove(topics[i], -1)
				if i++; i == len(topics) {
					i = 0
				}
			}
		})
	}
}

// BenchmarkTriePopular has many members at one prefix, one of which comes and goes.
func BenchmarkTriePopular(b *testing.B) {
	var trie Trie[int]
	for x := range 100000 {
		trie.Add([]byte("all"), x)
	}
	i := 0
	for b.Loop() {
		trie.Remove([]byte("all"), i)
		trie.Add([]byte("all"), i)
		i = (i + 7) % 100000
	}
}

// BenchmarkTrieFill shows what a subscription costs, in time and in memory.
func BenchmarkTrieFill(b *testing.B) {
	_, topics := bigTrie(1e6, 1)
	for _, members := range []int{1, 1000} {
		b.Run("members="+strconv.Itoa(members), func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				var trie Trie[int]
				for i, topic := range topics {
					trie.Add(topic, i%members)
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(topics)), "B/subscription")
				b.ReportMetric(float64(trie.nodes())/float64(len(topics)), "nodes/subscription")
				for x := range members {
					trie.RemoveAll(x, nil)
				}
			}
		})
	}
}

func TestTrieAppendMembers(t *testing.T) { // RD-01
	var trie Trie[int]
	if got := trie.AppendMembers(nil, nil); got != nil {
		t.Errorf("an empty trie has %v", got)
	}
	for prefix, members := range map[string][]int{"a": {1, 2}, "ab": {2, 3}, "": {4}} {
		for _, x := range append(members, members...) {
			trie.Add([]byte(prefix), x)
		}
	}
	for prefix, want := range map[string][]int{"a": {1, 2}, "ab": {2, 3}, "": {4}, "abc": nil, "b": nil} {
		got := trie.AppendMembers(nil, []byte(prefix))
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%q has %v, want %v", prefix, got, want)
		}
	}
}
