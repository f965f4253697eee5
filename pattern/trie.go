package pattern

// Trie holds what the subscribers of a publisher have subscribed to: for each prefix the set of members (WT-96). A
// member that subscribes twice to one prefix is in its set once, and one cancel takes it out; a peer that counts on
// its own side sends only its last cancel anyway (WT-95). A prefix is any sequence of octets (WT-101), the empty one
// matches every topic (WT-97). The Trie keeps no reference to the slices it is given.
//
// A subscription takes 24 bytes, and 32 to 54 for each node of its prefix that it does not share with another; a node
// holds up to 17 octets. A million random topics of 19 octets take about 100 bytes each. Prefixes and nodes go with
// their last member, and their memory is used again; an empty Trie gives all of its memory back.
//
// The zero Trie is empty and ready to use. It is not safe for concurrent use.
type Trie[T comparable] struct {
	tree    radix // the value of a prefix is the first of its links
	links   []link
	shared  table // the links of prefixes with several members, by prefix and member
	free    uint32
	members []member[T]
	index   map[T]uint32 // where in members each one is
	gone    uint32       // first of the unused members, which are linked by oldest
}

// Add subscribes x to prefix. It reports whether nobody had subscribed to this prefix before (first), and whether x
// itself had not (added).
func (t *Trie[T]) Add(prefix []byte, x T) (first, added bool) {
	n := t.tree.insert(prefix)
	m, known := t.index[x]
	if known && t.find(n, m) != 0 {
		return false, false
	}
	if !known {
		m = t.join(x)
	}
	return t.link(n, m), true
}

// Remove cancels x's subscription to prefix. It reports whether there was one (removed), and whether it was the last
// that anyone had to this prefix (last).
func (t *Trie[T]) Remove(prefix []byte, x T) (last, removed bool) {
	m, known := t.index[x]
	n := t.tree.find(prefix)
	if !known || n == 0 {
		return false, false
	}
	l := t.find(n, m)
	if l == 0 {
		return false, false
	}
	return t.drop(l), true
}

// RemoveAll cancels all subscriptions of x, in the order in which they were made, as when a peer has gone (WT-99).
// After each it calls visit, if that is not nil, with the prefix and whether this was the last subscription to it.
// The prefix is only lent until visit returns, and visit must not change the Trie. The cost depends on what x had
// subscribed to, not on what else there is.
func (t *Trie[T]) RemoveAll(x T, visit func(prefix []byte, last bool)) {
	m, known := t.index[x]
	if !known {
		return
	}
	var prefix []byte
	for l := t.members[m].oldest; l != 0; {
		newer := t.links[l].newer
		if visit == nil {
			t.drop(l)
		} else {
			prefix = t.tree.appendKey(prefix[:0], t.links[l].node)
			visit(prefix, t.drop(l))
		}
		l = newer
	}
}

// AppendMatches appends to dst every member that has subscribed to a prefix of topic, and returns the result. A
// member appears once for each such prefix it has subscribed to: the caller drops the duplicates, as it has a better
// place to mark whom it has served than a set would be. The order means nothing. If dst has room, AppendMatches does
// not allocate; its cost depends on the topic and the number of results, not on the number of subscriptions.
func (t *Trie[T]) AppendMatches(dst []T, topic []byte) []T {
	for n, rest := t.tree.start(), topic; n != 0; n, rest = t.tree.step(n, rest) {
		for l := t.tree.nodes[n].value; l != 0; l = t.links[l].after {
			dst = append(dst, t.members[t.links[l].member].x)
		}
	}
	return dst
}

// AppendMembers appends to dst every member that has subscribed to this very prefix, each once, and returns the result.
// If dst has room, it does not allocate.
func (t *Trie[T]) AppendMembers(dst []T, prefix []byte) []T {
	n := t.tree.find(prefix)
	if n == 0 {
		return dst
	}
	for l := t.tree.nodes[n].value; l != 0; l = t.links[l].after {
		dst = append(dst, t.members[t.links[l].member].x)
	}
	return dst
}

// Match reports whether anyone has subscribed to a prefix of topic.
func (t *Trie[T]) Match(topic []byte) bool {
	return t.tree.match(topic)
}

// Contains reports whether anyone has subscribed to this very prefix.
func (t *Trie[T]) Contains(prefix []byte) bool {
	n := t.tree.find(prefix)
	return n != 0 && t.tree.nodes[n].value != 0
}

// Members returns the number of members that have subscribed to this very prefix. It counts them one by one.
func (t *Trie[T]) Members(prefix []byte) int {
	n := t.tree.find(prefix)
	if n == 0 {
		return 0
	}
	count := 0
	for l := t.tree.nodes[n].value; l != 0; l = t.links[l].after {
		count++
	}
	return count
}

// Topics returns the number of distinct prefixes that someone has subscribed to.
func (t *Trie[T]) Topics() int { return t.tree.keys }
