package pattern

// link is one subscription of a [Trie]. It is in two lists: that of its prefix, which a published topic runs through,
// and that of its member, which tells what to cancel when the member goes. Link 0 does not exist and ends a list.
type link struct {
	node, member  uint32
	before, after uint32 // in the list of the prefix; unused links are linked by after
	older, newer  uint32 // in the list of the member
}

// member is a subscriber of a [Trie] and the list of its subscriptions.
type member[T comparable] struct {
	x      T
	oldest uint32 // unused members are linked by oldest
	newest uint32
}

// find returns the link of member m to the prefix that ends at node n, or 0.
func (t *Trie[T]) find(n, m uint32) uint32 {
	head := t.tree.nodes[n].value
	if head == 0 {
		return 0
	}
	if t.links[head].after == 0 { // the only one, and so not in the table
		if t.links[head].member == m {
			return head
		}
		return 0
	}
	hash := t.hash(n, m)
	for l, at := t.shared.find(hash, hash); l != 0; l, at = t.shared.find(hash, at) {
		if t.links[l].node == n && t.links[l].member == m {
			return l
		}
	}
	return 0
}

// hash returns the hash under which the table of shared prefixes holds the link of member m to the prefix that ends
// at n.
func (t *Trie[T]) hash(n, m uint32) uint32 {
	return t.tree.hasher.hash(uint64(n)<<32 | uint64(m))
}

// link makes the link of member m to the prefix that ends at n, and reports whether it is the first of this prefix.
func (t *Trie[T]) link(n, m uint32) (first bool) {
	l := t.alloc()
	head := t.tree.nodes[n].value
	who := &t.members[m]
	t.links[l] = link{node: n, member: m, after: head, older: who.newest}

	if head != 0 {
		if t.links[head].after == 0 {
			t.shared.add(t.hash(n, t.links[head].member), head)
		}
		t.shared.add(t.hash(n, m), l)
		t.links[head].before = l
	}
	t.tree.set(n, l)

	if who.newest != 0 {
		t.links[who.newest].newer = l
	} else {
		who.oldest = l
	}
	who.newest = l
	return head == 0
}

// drop undoes link, and whatever was there only for the sake of l: the prefix, the member, the memory of the Trie. It
// reports whether l was the last of its prefix.
func (t *Trie[T]) drop(l uint32) (last bool) {
	gone := t.links[l]
	t.dropFromMember(gone)
	last = gone.before == 0 && gone.after == 0
	if last {
		t.tree.set(gone.node, 0)
	} else {
		t.dropFromPrefix(l, gone)
	}
	t.links[l] = link{after: t.free}
	t.free = l
	if t.tree.keys == 0 {
		*t = Trie[T]{}
	}
	return last
}

// dropFromMember takes a link out of the list of its member; a member without subscriptions goes.
func (t *Trie[T]) dropFromMember(gone link) {
	who := &t.members[gone.member]
	if gone.older != 0 {
		t.links[gone.older].newer = gone.newer
	} else {
		who.oldest = gone.newer
	}
	if gone.newer != 0 {
		t.links[gone.newer].older = gone.older
	} else {
		who.newest = gone.older
	}
	if who.oldest == 0 {
		delete(t.index, who.x)
		*who = member[T]{oldest: t.gone}
		t.gone = gone.member
	}
}

// dropFromPrefix takes link l, one of several, out of the list of its prefix.
func (t *Trie[T]) dropFromPrefix(l uint32, gone link) {
	t.shared.remove(t.hash(gone.node, gone.member), l)
	if gone.after != 0 {
		t.links[gone.after].before = gone.before
	}
	if gone.before != 0 {
		t.links[gone.before].after = gone.after
	} else {
		t.tree.set(gone.node, gone.after)
	}
	if head := t.tree.nodes[gone.node].value; t.links[head].after == 0 {
		t.shared.remove(t.hash(gone.node, t.links[head].member), head)
	}
}

// alloc returns an unused link. Pointers to links taken before it are void.
func (t *Trie[T]) alloc() uint32 {
	if l := t.free; l != 0 {
		t.free = t.links[l].after
		return l
	}
	if len(t.links) == 0 {
		t.links = make([]link, 1)
	}
	t.links = append(t.links, link{})
	return uint32(len(t.links) - 1)
}

// join makes x a member, which the caller then gives its first link. Pointers to members taken before it are void.
func (t *Trie[T]) join(x T) uint32 {
	if t.index == nil {
		t.index = make(map[T]uint32)
		t.members = make([]member[T], 1)
	}
	m := t.gone
	if m != 0 {
		t.gone = t.members[m].oldest
	} else {
		m = uint32(len(t.members))
		t.members = append(t.members, member[T]{})
	}
	t.members[m] = member[T]{x: x}
	t.index[x] = m
	return m
}
