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

func TestSubscriptionsModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	var s Subscriptions
	var order []string
	counts := make(map[string]int)
	for step := range 20000 {
		key := ""
		for range rnd.IntN(5) {
			key += strings.Repeat("abc"[rnd.IntN(3):][:1], 1+rnd.IntN(9))
		}
		switch rnd.IntN(5) {
		case 0, 1:
			first := counts[key] == 0
			if first {
				order = append(order, key)
			}
			counts[key]++
			if got := s.Add([]byte(key)); got != first {
				t.Fatalf("step %d: Add(%q): got %v", step, key, got)
			}
		case 2, 3:
			if len(order) > 0 && rnd.IntN(4) > 0 {
				key = order[rnd.IntN(len(order))]
			}
			wantOK, wantLast := counts[key] > 0, counts[key] == 1
			if wantOK {
				counts[key]--
			}
			if wantLast {
				order = slices.DeleteFunc(order, func(k string) bool { return k == key })
			}
			if last, ok := s.Remove([]byte(key)); last != wantLast || ok != wantOK {
				t.Fatalf("step %d: Remove(%q): got %v, %v, want %v, %v", step, key, last, ok, wantLast, wantOK)
			}
		case 4:
			want := slices.ContainsFunc(order, func(k string) bool { return strings.HasPrefix(key, k) })
			if got := s.Match([]byte(key)); got != want {
				t.Fatalf("step %d: Match(%q): got %v", step, key, got)
			}
		}
		if s.Len() != len(order) {
			t.Fatalf("step %d: got length %d, want %d", step, s.Len(), len(order))
		}
		if step%100 == 0 {
			checkRadix(t, &s.tree)
			var got []string
			for prefix := range s.All() {
				got = append(got, string(prefix))
			}
			if !slices.Equal(got, order) {
				t.Fatalf("step %d: got %q, want %q", step, got, order)
			}
		}
	}
	for _, key := range order {
		for range counts[key] {
			s.Remove([]byte(key))
		}
	}
	if s.Len() != 0 || s.list != nil || s.tree.nodes != nil {
		t.Error("empty Subscriptions keep memory")
	}
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
