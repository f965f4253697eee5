package pattern

import "testing"

// TestPick: the cheapest available member has the turn, and of several the one
// whose turn it would be.
func TestPick(t *testing.T) {
	var r Rotation[string]
	costs := map[string]int{}
	cost := func(x string) int { return costs[x] }
	take := func(n int) (got string) {
		for range n {
			x, ok := r.Pick(cost)
			if !ok {
				return got + "-"
			}
			got += x
			r.Advance()
		}
		return got
	}
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"nobody", func() {}, "-"},
		{"one", func() { r.Add("a") }, "aaaa"},
		{"turns among equals", func() { r.Add("b"); r.Add("c") }, "bcab"},
		{"the cheapest alone", func() { costs["a"], costs["b"] = 1, 1 }, "cccc"},
		{"turns go on behind it", func() { costs["c"] = 1 }, "abca"},
		{"not who is suspended", func() { costs["a"] = 0; r.Suspend("a") }, "bcbc"},
		{"again", func() { r.Resume("a") }, "aaaa"},
		{"not who has left", func() { r.Remove("a") }, "bcbc"},
		{"nobody is available", func() { r.Suspend("b"); r.Suspend("c") }, "-"},
	} {
		step.do()
		if got := take(len(step.want)); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	for i := range 200 { // more than one word of places
		r.Add(string(rune('A' + i)))
	}
	costs[string(rune('A'+150))] = -1
	if x, _ := r.Pick(cost); x != string(rune('A'+150)) {
		t.Errorf("the cheapest of 200 is %q", x)
	}
	r.Suspend(string(rune('A' + 150)))
	if x, ok := r.Pick(cost); !ok || x != string(rune('A'+151)) {
		t.Errorf("the next is %q", x)
	}
}
