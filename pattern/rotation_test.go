package pattern

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// turns takes n turns and returns who had them.
func turns(r *Rotation[string], n int) string {
	got := ""
	for range n {
		x, ok := r.Next()
		if !ok {
			return got + "-"
		}
		got += x
		r.Advance()
	}
	return got
}

func TestRotation(t *testing.T) {
	abc := func(r *Rotation[string]) { r.Add("a"); r.Add("b"); r.Add("c") }
	tests := []struct {
		name string
		do   func(r *Rotation[string])
		want string // the following six turns
	}{
		{"nobody", func(*Rotation[string]) {}, "-"},
		{"PP-02 everyone in the order of joining", abc, "abcabc"},
		{"PP-03 nobody available", func(r *Rotation[string]) { abc(r); r.Suspend("a"); r.Suspend("b"); r.Suspend("c") }, "-"},
		{"PP-04 idle members wait until they have something", func(r *Rotation[string]) { r.AddIdle("a"); r.Add("b"); r.AddIdle("c") }, "bbbbbb"},
		{"PP-04 idle members have their place", func(r *Rotation[string]) {
			r.AddIdle("a")
			r.AddIdle("b")
			r.AddIdle("c")
			r.Resume("c")
			r.Resume("a")
			r.Resume("b")
		}, "abcabc"},
		{"TR-06 suspended is passed over", func(r *Rotation[string]) { abc(r); r.Suspend("b") }, "acacac"},
		{"TR-06 resumed has its old place", func(r *Rotation[string]) { abc(r); r.Suspend("b"); turns(r, 2); r.Resume("b") }, "abcabc"},
		{"TR-06 full when it is about to send", func(r *Rotation[string]) { abc(r); r.Next(); r.Suspend("a") }, "bcbcbc"},
		{"TR-06 full after it sent, advance first", func(r *Rotation[string]) { abc(r); r.Next(); r.Advance(); r.Suspend("a") }, "bcbcbc"},
		{"TR-06 full after it sent, suspend first", func(r *Rotation[string]) { abc(r); r.Next(); r.Suspend("a"); r.Advance() }, "bcbcbc"},
		{"TR-06 its turn is over also if it resumes at once", func(r *Rotation[string]) { abc(r); r.Next(); r.Suspend("a"); r.Resume("a") }, "bcabca"},
		{"TR-06 turn not announced is not lost", func(r *Rotation[string]) { abc(r); r.Suspend("a"); r.Resume("a") }, "abcabc"},
		{"TR-06 gone when it is about to send", func(r *Rotation[string]) { abc(r); r.Next(); r.Remove("a"); r.Advance() }, "bcbcbc"},
		{"TR-06 an announced turn stays", func(r *Rotation[string]) { abc(r); r.Suspend("a"); r.Next(); r.Resume("a") }, "bcabca"},
		{"TR-06 another one goes", func(r *Rotation[string]) { abc(r); turns(r, 1); r.Remove("a") }, "bcbcbc"},
		{"newcomer after the last", func(r *Rotation[string]) { abc(r); turns(r, 3); r.Add("d") }, "dabcda"},
		{"newcomer in the middle of a round", func(r *Rotation[string]) { abc(r); turns(r, 1); r.Add("d") }, "bcdabc"},
		{"advance without a turn", func(r *Rotation[string]) { abc(r); r.Advance(); r.Advance() }, "abcabc"},
		{"adding again", func(r *Rotation[string]) { abc(r); r.Add("a"); r.Suspend("b"); r.Add("b"); r.AddIdle("c") }, "acacac"},
		{"suspending and resuming again", func(r *Rotation[string]) { abc(r); r.Suspend("b"); r.Suspend("b"); r.Resume("b"); r.Resume("b") }, "abcabc"},
		{"strangers", func(r *Rotation[string]) { abc(r); r.Suspend("x"); r.Resume("x"); r.Remove("x") }, "abcabc"},
		{"gone and back", func(r *Rotation[string]) { abc(r); r.Remove("a"); r.Add("a") }, "bcabca"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Rotation[string]
			tt.do(&r)
			if got := turns(&r, 6); got != tt.want {
				t.Errorf("got turns %q, want %q", got, tt.want)
			}
		})
	}
}

// rotationModel is a Rotation in its plainest form: a list, walked one by one.
type rotationModel struct {
	list []rotationMember
	from int // where in list the next turn is looked for
	turn int // where in list the announced turn is, -1 for none
}

type rotationMember struct {
	x         int
	available bool
}

func (m *rotationModel) find(x int) int {
	return slices.IndexFunc(m.list, func(e rotationMember) bool { return e.x == x })
}

func (m *rotationModel) next() (int, bool) {
	for i := 0; m.turn < 0 && i < len(m.list); i++ {
		if p := (m.from + i) % len(m.list); m.list[p].available {
			m.turn = p
		}
	}
	if m.turn < 0 {
		return 0, false
	}
	return m.list[m.turn].x, true
}

func (m *rotationModel) advance() {
	if m.turn >= 0 {
		m.from, m.turn = m.turn+1, -1
	}
}

func (m *rotationModel) suspend(x int) {
	if p := m.find(x); p >= 0 {
		if p == m.turn {
			m.advance()
		}
		m.list[p].available = false
	}
}

func (m *rotationModel) remove(x int) {
	m.suspend(x)
	p := m.find(x)
	if p < 0 {
		return
	}
	m.list = slices.Delete(m.list, p, p+1)
	if m.from > p {
		m.from--
	}
	if m.turn > p {
		m.turn--
	}
}

func TestRotationModel(t *testing.T) {
	for _, size := range []int{3, 70, 9000} { // within a word, over several, over several words of summary
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(size)))
			var r Rotation[int]
			m := rotationModel{turn: -1}
			for x := range size {
				r.AddIdle(x)
				m.list = append(m.list, rotationMember{x: x})
			}
			for step := range 20000 {
				x := rnd.IntN(size)
				switch op := rnd.IntN(12); op {
				case 0, 1:
					if r.Add(x); m.find(x) < 0 {
						m.list = append(m.list, rotationMember{x, true})
					}
				case 2:
					if r.AddIdle(x); m.find(x) < 0 {
						m.list = append(m.list, rotationMember{x, false})
					}
				case 3, 4, 5:
					r.Remove(x)
					m.remove(x)
				case 6, 7:
					r.Suspend(x)
					m.suspend(x)
				case 8:
					if r.Resume(x); m.find(x) >= 0 {
						m.list[m.find(x)].available = true
					}
				default:
					got, ok := r.Next()
					want, wantOK := m.next()
					if got != want || ok != wantOK {
						t.Fatalf("step %d: got turn of %d, %v, want %d, %v", step, got, ok, want, wantOK)
					}
					if op < 11 {
						r.Advance()
						m.advance()
					}
				}
				if step%100 == 0 {
					checkRotation(t, &r, &m)
				}
			}
			checkRotation(t, &r, &m)
		})
	}
}

func checkRotation(t *testing.T, r *Rotation[int], m *rotationModel) {
	t.Helper()
	var all []int
	available := 0
	for _, e := range m.list {
		all = append(all, e.x)
		if e.available {
			available++
		}
	}
	if got := slices.Collect(r.All()); !slices.Equal(got, all) {
		t.Fatalf("got members %v, want %v", got, all)
	}
	if r.Len() != len(all) || r.Available() != available {
		t.Fatalf("got %d members, %d available, want %d and %d", r.Len(), r.Available(), len(all), available)
	}
	if gaps := len(r.places) - r.Len(); gaps > compactAt && gaps > r.Len()+1 {
		t.Fatalf("%d gaps for %d members", gaps, r.Len())
	}
}

// TestRotationCompactAtTheEnd closes the gaps when the last member has just had its turn, so that the next newcomer is
// next.
func TestRotationCompactAtTheEnd(t *testing.T) {
	var r Rotation[int]
	for x := range 100 {
		r.Add(x)
	}
	for range 100 {
		r.Next()
		r.Advance()
	}
	for x := range 60 {
		r.Remove(x)
	}
	if len(r.places) == 100 {
		t.Fatal("the gaps were not closed")
	}
	r.Add(100)
	if x, ok := r.Next(); x != 100 || !ok {
		t.Errorf("got turn of %d, %v, want 100", x, ok)
	}
}

// TestRotationFair holds a Rotation to what its comment promises, while members come and go.
func TestRotationFair(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	const steady = 10 // members 0 to 9 are always available, the others now and then
	var r Rotation[int]
	for x := range steady {
		r.Add(x)
	}
	last := make(map[int]int) // when each had its last turn
	had := make([]int, steady)
	for turn := 1; turn < 20000; turn++ {
		guest := steady + rnd.IntN(100)
		switch rnd.IntN(4) {
		case 0:
			r.Add(guest)
		case 1:
			r.Remove(guest)
			delete(last, guest)
		case 2:
			r.Suspend(guest)
		case 3:
			r.Resume(guest)
		}
		x, ok := r.Next()
		if !ok {
			t.Fatal("nobody available")
		}
		r.Advance()
		for y := range steady {
			switch {
			case y == x:
			case last[x] > 0 && x < steady && last[y] < last[x]:
				t.Fatalf("turn %d: %d has its turn before %d had one", turn, x, y)
			case last[x] > last[y] && last[x] > 0:
				t.Fatalf("turn %d: guest %d has two turns and %d none", turn, x, y)
			}
		}
		last[x] = turn
		if x < steady {
			had[x]++
		}
	}
	if slices.Max(had)-slices.Min(had) > 1 {
		t.Errorf("turns are not even: %v", had)
	}
}

func BenchmarkRotation(b *testing.B) {
	for _, bb := range []struct{ members, available int }{{1, 1}, {16, 16}, {1000, 1000}, {1000, 10}, {100000, 10}} {
		b.Run(fmt.Sprintf("members=%d/available=%d", bb.members, bb.available), func(b *testing.B) {
			var r Rotation[*int]
			for i := range bb.members {
				x := new(int)
				if r.AddIdle(x); i%(bb.members/bb.available) == 0 {
					r.Resume(x)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				x, _ := r.Next()
				*x++
				r.Advance()
			}
		})
	}
}

func BenchmarkRotationSuspendResume(b *testing.B) {
	var r Rotation[*int]
	members := make([]*int, 1000)
	for i := range members {
		members[i] = new(int)
		r.Add(members[i])
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Suspend(members[i])
		r.Resume(members[i])
		i = (i + 1) % len(members)
	}
}
