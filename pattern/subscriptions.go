package pattern

import "iter"

// Subscriptions is what a subscriber itself has subscribed to. It counts: who subscribes three times to a prefix must
// cancel three times (PS-42). The publishers are told of every subscription but only of the last cancel (WT-95). A
// prefix is any sequence of octets, the empty one matches every topic (WT-97). Subscriptions keeps no reference to
// the slices it is given.
//
// The zero Subscriptions is empty and ready to use. It is not safe for concurrent use.
type Subscriptions struct {
	tree   radix // the value of a prefix is its number in list
	list   []subscription
	oldest uint32
	newest uint32
	free   uint32
}

// subscription is a prefix and how often it was subscribed to. Subscription 0 does not exist and ends the list.
type subscription struct {
	count        int
	node         uint32
	older, newer uint32 // in the order of the first subscription; unused ones are linked by newer
}

// Add subscribes once more to prefix, and reports whether this is the first time.
func (s *Subscriptions) Add(prefix []byte) (first bool) {
	n := s.tree.insert(prefix)
	if i := s.tree.nodes[n].value; i != 0 {
		s.list[i].count++
		return false
	}
	i := s.alloc()
	s.list[i] = subscription{count: 1, node: n, older: s.newest}
	s.tree.set(n, i)
	if s.newest != 0 {
		s.list[s.newest].newer = i
	} else {
		s.oldest = i
	}
	s.newest = i
	return true
}

// Remove cancels one subscription to prefix. It reports whether there was one (ok), and whether it was the last
// (last), which is when publishers are to be told.
func (s *Subscriptions) Remove(prefix []byte) (last, ok bool) {
	n := s.tree.find(prefix)
	if n == 0 || s.tree.nodes[n].value == 0 {
		return false, false
	}
	i := s.tree.nodes[n].value
	s.list[i].count--
	if s.list[i].count > 0 {
		return false, true
	}
	s.drop(i)
	return true, true
}

// drop takes subscription i out of the list and the tree.
func (s *Subscriptions) drop(i uint32) {
	gone := s.list[i]
	if gone.older != 0 {
		s.list[gone.older].newer = gone.newer
	} else {
		s.oldest = gone.newer
	}
	if gone.newer != 0 {
		s.list[gone.newer].older = gone.older
	} else {
		s.newest = gone.older
	}
	s.tree.set(gone.node, 0)
	s.list[i] = subscription{newer: s.free}
	s.free = i
	if s.tree.keys == 0 {
		*s = Subscriptions{}
	}
}

// alloc returns the number of an unused subscription.
func (s *Subscriptions) alloc() uint32 {
	if i := s.free; i != 0 {
		s.free = s.list[i].newer
		return i
	}
	if len(s.list) == 0 {
		s.list = make([]subscription, 1)
	}
	s.list = append(s.list, subscription{})
	return uint32(len(s.list) - 1)
}

// Match reports whether topic begins with a prefix that is subscribed to: whether the application gets the message
// (PS-43, WT-100). It does not allocate, and its cost depends on the topic, not on the number of subscriptions.
func (s *Subscriptions) Match(topic []byte) bool {
	return s.tree.match(topic)
}

// Contains reports whether prefix itself is subscribed to, as the groups of a DISH are: exactly (RD-01). It does not
// allocate.
func (s *Subscriptions) Contains(prefix []byte) bool {
	n := s.tree.find(prefix)
	return n != 0 && s.tree.nodes[n].value != 0
}

// Len returns the number of distinct prefixes.
func (s *Subscriptions) Len() int { return s.tree.keys }

// All yields each prefix once, in the order of their first subscription: what a new publisher is to be told (WT-98).
// Each slice is fresh and the caller's to keep. The Subscriptions must not be changed during the iteration.
func (s *Subscriptions) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := s.oldest; i != 0; i = s.list[i].newer {
			if !yield(s.tree.appendKey(nil, s.list[i].node)) {
				return
			}
		}
	}
}
