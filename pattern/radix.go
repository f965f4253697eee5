package pattern

import "bytes"

// labelSize is the number of octets of a key that fit into one node: what is left of 32 bytes, half a cache line.
const labelSize = 17

// root is the node of the empty key. Node 0 does not exist, so that 0 can say "none".
const root = 1

// radix is a path-compressed tree of keys, each with a value other than zero. It is made for a million keys: nodes
// are numbers into one slice without pointers, which the garbage collector does not look into; a label lies in its
// node, so that a step down touches one cache line of the node and, where the way parts, one of the edge table. A
// longer stretch without a branch is a chain of nodes.
//
// What always holds: a node without children has a value; a node with neither value nor branch (root apart) cannot be
// joined with its only child, as the two labels together would be too long. So at least half of the label space of a
// chain is used, and a key that goes takes its nodes with it.
//
// The zero radix is empty and ready to use.
type radix struct {
	nodes  []node
	edges  table  // of nodes that have siblings, by parent and first octet
	hasher hasher // of edges
	free   uint32 // first of the unused nodes, which are linked by parent
	keys   int    // number of nodes with a value
}

// node is a node of a [radix], its label the octets that lead from its parent to it.
type node struct {
	parent   uint32
	children uint32 // the numbers of all children, XORed: with one child, that child
	value    uint32 // 0: this is not the end of a key
	fanout   uint16 // number of children
	size     uint8  // octets in label
	label    [labelSize]byte
}

// start returns the node where every walk begins, 0 if the tree is empty.
func (r *radix) start() uint32 {
	if len(r.nodes) == 0 {
		return 0
	}
	return root
}

// step goes down from n along rest: to the child whose label rest begins with, or to 0 if there is none. It also
// returns what of rest comes after that label. A walk visits the nodes of all keys that are prefixes of rest:
//
//	for n, rest := r.start(), topic; n != 0; n, rest = r.step(n, rest) { … }
func (r *radix) step(n uint32, rest []byte) (uint32, []byte) {
	if len(rest) == 0 {
		return 0, nil
	}
	c := r.child(n, rest[0])
	if c == 0 {
		return 0, nil
	}
	child := &r.nodes[c]
	// That the first octet is the same, child has seen; many labels have no second.
	if child.size > 1 && !bytes.HasPrefix(rest, child.label[:child.size]) {
		return 0, nil
	}
	return c, rest[child.size:]
}

// child returns the child of n whose label begins with octet, or 0.
func (r *radix) child(n uint32, octet byte) uint32 {
	parent := &r.nodes[n]
	switch parent.fanout {
	case 0:
		return 0
	case 1:
		if c := parent.children; r.nodes[c].label[0] == octet {
			return c
		}
		return 0
	}
	hash := r.edge(n, octet)
	for c, at := r.edges.find(hash, hash); c != 0; c, at = r.edges.find(hash, at) {
		if child := &r.nodes[c]; child.parent == n && child.label[0] == octet {
			return c
		}
	}
	return 0
}

// edge returns the hash under which the child of n for octet is in the edge table.
func (r *radix) edge(n uint32, octet byte) uint32 {
	return r.hasher.hash(uint64(n)<<8 | uint64(octet))
}

// find returns the node at the end of key, or 0 if there is none. The node may be without a value.
func (r *radix) find(key []byte) uint32 {
	n := r.start()
	for n != 0 && len(key) > 0 {
		n, key = r.step(n, key)
	}
	return n
}

// match reports whether a key is a prefix of topic.
func (r *radix) match(topic []byte) bool {
	for n, rest := r.start(), topic; n != 0; n, rest = r.step(n, rest) {
		if r.nodes[n].value != 0 {
			return true
		}
	}
	return false
}

// insert returns the node at the end of key, making it if need be. The caller must then set a value.
func (r *radix) insert(key []byte) uint32 {
	if len(r.nodes) == 0 {
		r.nodes = make([]node, root+1)
		r.hasher = newHasher()
	}
	n := uint32(root)
	for len(key) > 0 {
		c := r.child(n, key[0])
		if c == 0 {
			return r.extend(n, key)
		}
		child := &r.nodes[c]
		same := commonPrefix(child.label[:child.size], key)
		if same < int(child.size) {
			c = r.split(c, same)
		}
		n, key = c, key[same:]
	}
	return n
}

// commonPrefix returns the number of octets with which both a and b begin.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// extend hangs a chain of new nodes for key under n and returns its last.
func (r *radix) extend(n uint32, key []byte) uint32 {
	for len(key) > 0 {
		c := r.alloc()
		child := &r.nodes[c]
		size := copy(child.label[:], key)
		child.size = uint8(size)
		r.link(n, c)
		n, key = c, key[size:]
	}
	return n
}

// split puts a new node between c and its parent, which takes over the first size octets of c's label. It returns the
// new node, which then has neither value nor branch: the caller is about to give it one of them.
func (r *radix) split(c uint32, size int) uint32 {
	n := r.alloc()
	upper, lower := &r.nodes[n], &r.nodes[c]
	upper.size = uint8(copy(upper.label[:], lower.label[:size]))
	parent := lower.parent
	r.swap(c, n)
	lower.size = uint8(copy(lower.label[:], lower.label[size:lower.size]))
	r.link(n, c)
	r.join(c) // the shorter labels on either side may fit now
	r.join(parent)
	return n
}

// set gives n a value. Without one (0), n goes, and all that was there only for its sake.
func (r *radix) set(n, value uint32) {
	had := r.nodes[n].value != 0
	r.nodes[n].value = value
	switch {
	case !had && value != 0:
		r.keys++
	case had && value == 0:
		r.keys--
		r.prune(n)
	}
}

// prune removes n, and above it whatever has lost its purpose.
func (r *radix) prune(n uint32) {
	for n != root && r.nodes[n].value == 0 && r.nodes[n].fanout == 0 {
		parent := r.nodes[n].parent
		r.unlink(n)
		r.release(n)
		n = parent
	}
	r.join(n)
}

// join removes n if it has neither value nor branch and its label fits into its child. The child keeps its number, by
// which its own children and the owner of its value know it.
func (r *radix) join(n uint32) {
	upper := &r.nodes[n]
	if n == root || upper.value != 0 || upper.fanout != 1 {
		return
	}
	c := upper.children
	lower := &r.nodes[c]
	if upper.size+lower.size > labelSize {
		return
	}
	copy(lower.label[upper.size:], lower.label[:lower.size])
	copy(lower.label[:], upper.label[:upper.size])
	lower.size += upper.size
	r.swap(n, c)
	r.release(n)
}

// link makes c, whose label is set, a child of n. Of several children each has an entry in the edge table, an only
// child has none.
func (r *radix) link(n, c uint32) {
	parent, child := &r.nodes[n], &r.nodes[c]
	if parent.fanout == 1 {
		only := parent.children
		r.edges.add(r.edge(n, r.nodes[only].label[0]), only)
	}
	if parent.fanout >= 1 {
		r.edges.add(r.edge(n, child.label[0]), c)
	}
	child.parent = n
	parent.children ^= c
	parent.fanout++
}

// unlink takes c from its parent.
func (r *radix) unlink(c uint32) {
	n := r.nodes[c].parent
	parent := &r.nodes[n]
	parent.children ^= c
	parent.fanout--
	if parent.fanout >= 1 {
		r.edges.remove(r.edge(n, r.nodes[c].label[0]), c)
	}
	if parent.fanout == 1 {
		only := parent.children
		r.edges.remove(r.edge(n, r.nodes[only].label[0]), only)
	}
}

// swap puts c in the place that old has with its parent. Their labels begin with the same octet.
func (r *radix) swap(old, c uint32) {
	n := r.nodes[old].parent
	parent := &r.nodes[n]
	if parent.fanout > 1 {
		r.edges.replace(r.edge(n, r.nodes[c].label[0]), old, c)
	}
	parent.children ^= old ^ c
	r.nodes[c].parent = n
}

// alloc returns an empty node. Pointers to nodes taken before it are void.
func (r *radix) alloc() uint32 {
	if n := r.free; n != 0 {
		r.free = r.nodes[n].parent
		r.nodes[n] = node{}
		return n
	}
	r.nodes = append(r.nodes, node{})
	return uint32(len(r.nodes) - 1)
}

// release puts n among the unused nodes.
func (r *radix) release(n uint32) {
	r.nodes[n] = node{parent: r.free}
	r.free = n
}

// appendKey appends the key that ends at n to dst.
func (r *radix) appendKey(dst []byte, n uint32) []byte {
	size := 0
	for m := n; m != root; m = r.nodes[m].parent {
		size += int(r.nodes[m].size)
	}
	end := len(dst) + size
	dst = append(dst, make([]byte, size)...)
	for m := n; m != root; m = r.nodes[m].parent {
		node := &r.nodes[m]
		end -= int(node.size)
		copy(dst[end:], node.label[:node.size])
	}
	return dst
}
