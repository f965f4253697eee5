package pattern

import (
	"math/bits"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// checkRadix verifies what the comment of radix says always holds, and that nothing is left over.
func checkRadix(t *testing.T, r *radix) {
	t.Helper()
	if len(r.nodes) == 0 {
		if r.keys != 0 || r.edges.used != 0 {
			t.Fatalf("no nodes, but %d keys and %d edges", r.keys, r.edges.used)
		}
		return
	}
	unused := make(map[uint32]bool)
	for n := r.free; n != 0; n = r.nodes[n].parent {
		unused[n] = true
	}
	children := make(map[uint32]int)
	xor := make(map[uint32]uint32)
	keys, edges := 0, 0
	for n := uint32(root); int(n) < len(r.nodes); n++ {
		if unused[n] {
			continue
		}
		node := &r.nodes[n]
		if node.value != 0 {
			keys++
		}
		if node.fanout > 1 {
			edges += int(node.fanout)
		}
		if n == root {
			continue
		}
		children[node.parent]++
		xor[node.parent] ^= n
		if unused[node.parent] {
			t.Fatalf("node %d: its parent %d is not used", n, node.parent)
		}
		if r.child(node.parent, node.label[0]) != n {
			t.Fatalf("node %d: its parent %d does not know it", n, node.parent)
		}
		switch {
		case node.size == 0:
			t.Fatalf("node %d: empty label", n)
		case node.value == 0 && node.fanout == 0:
			t.Fatalf("node %d: neither value nor children", n)
		case node.value == 0 && node.fanout == 1 && node.size+r.nodes[node.children].size <= labelSize:
			t.Fatalf("node %d: could be joined with its child %d", n, node.children)
		}
	}
	for n := uint32(root); int(n) < len(r.nodes); n++ {
		if node := &r.nodes[n]; !unused[n] && (children[n] != int(node.fanout) || xor[n] != node.children) {
			t.Fatalf("node %d: says %d children, has %d", n, node.fanout, children[n])
		}
	}
	if r.keys != keys || r.edges.used != edges {
		t.Fatalf("says %d keys and %d edges, has %d and %d", r.keys, r.edges.used, keys, edges)
	}
}

// TestSizes fixes what a subscription costs: two nodes a cache line.
func TestSizes(t *testing.T) {
	if got := unsafe.Sizeof(node{}); got != 32 {
		t.Errorf("a node takes %d bytes, want 32", got)
	}
	if got := unsafe.Sizeof(link{}); got != 24 {
		t.Errorf("a link takes %d bytes, want 24", got)
	}
	if got := unsafe.Sizeof(cell{}); got != 8 {
		t.Errorf("a cell takes %d bytes, want 8", got)
	}
}

// TestTable lets hashes collide heavily, over the end of the cells too.
func TestTable(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	var tab table
	model := make(map[uint32]uint32) // id to hash
	for step := range 50000 {
		id := 1 + rnd.Uint32N(200)
		hash, there := model[id]
		switch {
		case there && rnd.IntN(2) == 0:
			tab.remove(hash, id)
			delete(model, id)
		case there:
			tab.remove(hash, id)
			tab.add(hash, id+1000)
			tab.replace(hash, id+1000, id)
		case rnd.IntN(400) < 399-step/200: // fewer and fewer, so that the table shrinks too
			hash = -rnd.Uint32N(8) // around the end
			tab.add(hash, id)
			model[id] = hash
		}
		if tab.used != len(model) {
			t.Fatalf("step %d: %d used, want %d", step, tab.used, len(model))
		}
		if n := len(tab.cells); n > 0 && (bits.OnesCount(uint(n)) != 1 || 4*tab.used > 3*n) {
			t.Fatalf("step %d: %d of %d cells used", step, tab.used, n)
		}
		if step%50 == 0 {
			checkTable(t, &tab, model)
		}
	}
}

func checkTable(t *testing.T, tab *table, model map[uint32]uint32) {
	t.Helper()
	want := make(map[uint32]int)
	for _, hash := range model {
		want[hash]++
	}
	for hash := range uint32(8) {
		hash = -hash
		count := 0
		for id, at := tab.find(hash, hash); id != 0; id, at = tab.find(hash, at) {
			if model[id] != hash {
				t.Fatalf("found %d under %d, it belongs to %d", id, hash, model[id])
			}
			count++
		}
		if count != want[hash] {
			t.Fatalf("found %d under %d, want %d", count, hash, want[hash])
		}
	}
}
