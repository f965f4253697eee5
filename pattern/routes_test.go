package pattern

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestRoutesAdd(t *testing.T) {
	long := strings.Repeat("i", 255)
	tests := []struct {
		rule string
		id   string
		x    int
		want string
		err  error
	}{
		{"RR-43 its own", "alice", 1, "alice", nil},
		{"RR-43 generated", "", 2, "\x00\x00\x00\x00\x05", nil},
		{"RR-43 generated, the next", "", 3, "\x00\x00\x00\x00\x06", nil},
		{"RR-44 taken", "alice", 4, "", ErrTaken},
		{"RR-47 the peer has one", "bob", 1, "", ErrTaken},
		{"RR-43 the peer has one, again generated", "", 2, "", ErrTaken},
		{"RR-43 a claim to a generated one", "\x00\x00\x00\x00\x07", 5, "", ErrIdentity},
		{"RR-43 a zero octet", "\x00", 5, "", ErrIdentity},
		{"RR-43 zero later", "a\x00", 5, "a\x00", nil},
		{"RR-43 255 octets", long, 6, long, nil},
		{"RR-43 256 octets", long + "i", 7, "", ErrIdentity},
		{"RR-43 a refused peer may try again", "carol", 7, "carol", nil},
	}
	r := NewRoutes[int](5)
	for _, tt := range tests {
		got, err := r.Add([]byte(tt.id), tt.x)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", tt.rule, got, err, tt.want, tt.err)
		}
		if err != nil {
			continue
		}
		if x, ok := r.Lookup([]byte(got)); x != tt.x || !ok {
			t.Errorf("%s: Lookup: got %v, %v, want %v", tt.rule, x, ok, tt.x)
		}
		if id := r.ID(tt.x); id != got {
			t.Errorf("%s: ID: got %q, want %q", tt.rule, id, got)
		}
	}
	if x, _ := r.Lookup([]byte("alice")); x != 1 { // RR-44: the existing peer is not affected
		t.Errorf("alice is %d, want 1", x)
	}
	if x, ok := r.Lookup([]byte("nobody")); ok { // RR-42
		t.Errorf("nobody is %d", x)
	}
}

func TestRoutesKeepsItsOwnCopy(t *testing.T) {
	r := NewRoutes[int](0)
	id := []byte("alice")
	r.Add(id, 1)
	copy(id, "xxxxx")
	if _, ok := r.Lookup([]byte("alice")); !ok {
		t.Error("the identity changed with the caller's slice")
	}
}

func TestRoutesGenerateGoesRound(t *testing.T) {
	r := NewRoutes[int](math.MaxUint32)
	for x, want := range []string{"\x00\xff\xff\xff\xff", "\x00\x00\x00\x00\x01"} { // CS-02: never 0
		if got, err := r.Add(nil, x); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	r.next = math.MaxUint32 // as after 2^32 peers
	if got, _ := r.Add(nil, 2); got != "\x00\x00\x00\x00\x02" {
		t.Errorf("got %q, which is taken", got)
	}
}

func TestRoutesReplace(t *testing.T) { // RR-45
	r := NewRoutes[int](1)
	r.Add([]byte("X"), 1)
	r.Add([]byte("Y"), 2)

	old, oldID := r.Replace([]byte("X"), 3)
	if old != 1 || oldID != "\x00\x00\x00\x00\x01" {
		t.Errorf("got old peer %d, now %q", old, oldID)
	}
	if x, _ := r.Lookup([]byte("X")); x != 3 || r.ID(3) != "X" {
		t.Errorf("X is %d, called %q, want 3", x, r.ID(3))
	}
	if x, _ := r.Lookup([]byte(oldID)); x != 1 || r.ID(1) != oldID {
		t.Errorf("%q is %d, called %q, want 1", oldID, x, r.ID(1))
	}
	r.Remove(1) // the old one ends later, and must not take the name with it
	if x, ok := r.Lookup([]byte("X")); x != 3 || !ok || r.Len() != 2 {
		t.Errorf("X is %d, %v, of %d peers", x, ok, r.Len())
	}

	for _, tt := range []struct {
		name, id string
		x        int
	}{{"nobody has it", "Z", 4}, {"the peer has another", "X", 2}, {"the peer has this one", "X", 3}} {
		if old, oldID := r.Replace([]byte(tt.id), tt.x); old != 0 || oldID != "" || r.Len() != 2 {
			t.Errorf("%s: got %d, %q, and %d peers", tt.name, old, oldID, r.Len())
		}
	}
}

func TestRoutesModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	r := NewRoutes[int](rnd.Uint32())
	model := make(map[string]int)
	idOf := func(x int) string {
		for id, y := range model {
			if x == y {
				return id
			}
		}
		return ""
	}
	for step := range 20000 {
		x := 1 + rnd.IntN(20)
		id := []byte{"\x00abcdefgh"[rnd.IntN(9)], "xy"[rnd.IntN(2)]}[:rnd.IntN(3)]
		switch rnd.IntN(4) {
		case 0, 1:
			_, taken := model[string(id)]
			want := !taken && idOf(x) == "" && !bytes.HasPrefix(id, []byte{0})
			got, err := r.Add(id, x)
			if (err == nil) != want {
				t.Fatalf("step %d: Add(%q, %d): %v", step, id, x, err)
			}
			if err == nil {
				if _, taken := model[got]; taken {
					t.Fatalf("step %d: %q given twice", step, got)
				}
				model[got] = x
			}
		case 2:
			wantOld, taken := model[string(id)]
			wantOK := taken && idOf(x) == ""
			old, oldID := r.Replace(id, x)
			if (oldID != "") != wantOK || wantOK && old != wantOld {
				t.Fatalf("step %d: Replace(%q, %d): got %d, %q, want %d, %v", step, id, x, old, oldID, wantOld, wantOK)
			}
			if wantOK {
				model[oldID], model[string(id)] = old, x
			}
		case 3:
			r.Remove(x)
			delete(model, idOf(x))
		}
		if r.Len() != len(model) {
			t.Fatalf("step %d: got %d peers, want %d", step, r.Len(), len(model))
		}
		if got := r.ID(x); got != idOf(x) {
			t.Fatalf("step %d: %d is called %q, want %q", step, x, got, idOf(x))
		}
		if got, ok := r.Lookup(id); got != model[string(id)] || ok != (got > 0) {
			t.Fatalf("step %d: %q is %d, %v, want %d", step, id, got, ok, model[string(id)])
		}
	}
	for id, x := range r.All() {
		if model[id] != x {
			t.Errorf("All: %q is %d, want %d", id, x, model[id])
		}
		r.Remove(x)
	}
	if r.Len() != 0 {
		t.Errorf("%d peers left", r.Len())
	}
}

func TestRoutesLookupDoesNotAllocate(t *testing.T) {
	r := NewRoutes[int](0)
	id := []byte("a name longer than any buffer on the stack that might hide the allocation")
	r.Add(id, 1)
	if got := testing.AllocsPerRun(100, func() { r.Lookup(id) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}
