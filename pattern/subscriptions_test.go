package pattern

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestSubscriptions(t *testing.T) {
	var s Subscriptions
	tests := []struct {
		rule     string
		remove   bool
		prefix   string
		last, ok bool // for Add, last is first
	}{
		{"PS-42 cancel of what was never there", true, "a", false, false},
		{"WT-95 first", false, "a", true, false},
		{"WT-95 duplicate", false, "a", false, false},
		{"WT-95 another", false, "ab", true, false},
		{"PS-42 cancel of a prefix of it", true, "", false, false},
		{"PS-42 one of two", true, "a", false, true},
		{"PS-42 two of two", true, "a", true, true},
		{"PS-42 three of two", true, "a", false, false},
		{"WT-95 first again", false, "a", true, false},
	}
	for _, tt := range tests {
		var last, ok bool
		if tt.remove {
			last, ok = s.Remove([]byte(tt.prefix))
		} else {
			last = s.Add([]byte(tt.prefix))
		}
		if last != tt.last || ok != tt.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.rule, last, ok, tt.last, tt.ok)
		}
	}
}

func TestSubscriptionsReplayInOrder(t *testing.T) { // WT-98
	var s Subscriptions
	for _, prefix := range []string{"z", "gone", "a", "", "z", "m"} {
		s.Add([]byte(prefix))
	}
	s.Remove([]byte("gone"))
	s.Add([]byte("gone"))
	want := []string{"z", "a", "", "m", "gone"}
	var got []string
	for _, prefix := range slices.Collect(s.All()) { // each slice must outlive the step
		got = append(got, string(prefix))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for range s.All() {
		break
	}
}

// subscriptionsModel holds Subscriptions against a map and a list.
type subscriptionsModel struct {
	s      Subscriptions
	order  []string
	counts map[string]int
}

// step adds, removes or matches a key; a removal of a key that is there takes
// the one of that place.
func (m *subscriptionsModel) step(t *testing.T, op int, key string, place int) {
	t.Helper()
	switch op % 5 {
	case 0, 1:
		first := m.counts[key] == 0
		if first {
			m.order = append(m.order, key)
		}
		m.counts[key]++
		if got := m.s.Add([]byte(key)); got != first {
			t.Fatalf("Add(%q): got %v", key, got)
		}
	case 2, 3:
		if len(m.order) > 0 && place%4 > 0 {
			key = m.order[place/4%len(m.order)]
		}
		wantOK, wantLast := m.counts[key] > 0, m.counts[key] == 1
		if wantOK {
			m.counts[key]--
		}
		if wantLast {
			m.order = slices.DeleteFunc(m.order, func(k string) bool { return k == key })
		}
		if last, ok := m.s.Remove([]byte(key)); last != wantLast || ok != wantOK {
			t.Fatalf("Remove(%q): got %v, %v, want %v, %v", key, last, ok, wantLast, wantOK)
		}
	case 4:
		want := slices.ContainsFunc(m.order, func(k string) bool { return strings.HasPrefix(key, k) })
		if got := m.s.Match([]byte(key)); got != want {
			t.Fatalf("Match(%q): got %v", key, got)
		}
	}
	if m.s.Len() != len(m.order) {
		t.Fatalf("got length %d, want %d", m.s.Len(), len(m.order))
	}
}

// check looks at the whole.
func (m *subscriptionsModel) check(t *testing.T) {
	t.Helper()
	checkRadix(t, &m.s.tree)
	var got []string
	for prefix := range m.s.All() {
		got = append(got, string(prefix))
	}
	if !slices.Equal(got, m.order) {
		t.Fatalf("got %q, want %q", got, m.order)
	}
}

// end removes everything.
func (m *subscriptionsModel) end(t *testing.T) {
	t.Helper()
	for _, key := range m.order {
		for range m.counts[key] {
			m.s.Remove([]byte(key))
		}
	}
	if m.s.Len() != 0 || m.s.list != nil || m.s.tree.nodes != nil {
		t.Error("empty Subscriptions keep memory")
	}
}

func TestSubscriptionsModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	m := subscriptionsModel{counts: make(map[string]int)}
	for step := range 20000 {
		key := ""
		for range rnd.IntN(5) {
			key += strings.Repeat("abc"[rnd.IntN(3):][:1], 1+rnd.IntN(9))
		}
		m.step(t, rnd.IntN(5), key, rnd.IntN(1<<16))
		if step%100 == 0 {
			m.check(t)
		}
	}
	m.end(t)
}

// FuzzSubscriptions reads its data as steps: what to do, a place, the length of a key and the key.
func FuzzSubscriptions(f *testing.F) {
	f.Add([]byte("\x00\x00\x05topic\x00\x00\x03top\x02\x01\x00\x04\x00\x05topic"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x02\x01\x00\x02\x01\x00\x02\x00\x00"))
	f.Add([]byte("\x00\x00\x28aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x14aaaaaaaaaaaaaaaaaaab\x03\x05\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := subscriptionsModel{counts: make(map[string]int)}
		for steps := 0; len(data) >= 3 && steps < 200; steps++ {
			size := min(int(data[2]), len(data)-3)
			m.step(t, int(data[0]), string(data[3:3+size]), int(data[1]))
			data = data[3+size:]
		}
		m.check(t)
		m.end(t)
	})
}

func TestSubscriptionsMatchDoesNotAllocate(t *testing.T) {
	var s Subscriptions
	s.Add([]byte("market/"))
	topic := []byte("market/EUR")
	if got := testing.AllocsPerRun(100, func() {
		if !s.Match(topic) {
			t.Fatal("no match")
		}
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func BenchmarkSubscriptionsMatch(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("prefixes=%d", n), func(b *testing.B) {
			var s Subscriptions
			for i := range n {
				s.Add(fmt.Appendf(nil, "market/%d", i))
			}
			topic := []byte("market/0/bid")
			b.ReportAllocs()
			for b.Loop() {
				if !s.Match(topic) {
					b.Fatal("no match")
				}
			}
		})
	}
}

func TestSubscriptionsContains(t *testing.T) { // RD-01
	var s Subscriptions
	if s.Contains(nil) {
		t.Error("an empty set contains the empty prefix")
	}
	for _, prefix := range []string{"abc", "abd", "x"} {
		s.Add([]byte(prefix))
	}
	for prefix, want := range map[string]bool{"abc": true, "abd": true, "x": true, "ab": false, "": false, "abcd": false, "y": false} {
		if got := s.Contains([]byte(prefix)); got != want {
			t.Errorf("Contains(%q) = %t, want %t", prefix, got, want)
		}
	}
	s.Remove([]byte("abc"))
	if s.Contains([]byte("abc")) || !s.Contains([]byte("abd")) {
		t.Error("abc is gone, abd is not")
	}
}
