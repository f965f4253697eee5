package socket

import (
	"math/rand/v2"
	"strings"
)

// A keptTree has the topics of a keeper in the order of their octets, so that
// what a prefix matches stands together, and is counted without being visited. It
// is a treap: balanced by random priorities, whatever the topics are.
type keptTree struct{ root *keptTopic }

// branch is the part of a topic that belongs to the tree.
type branch struct {
	left, right *keptTopic
	priority    uint32
	sum         int // messages kept in this topic and below
}

func (t *keptTopic) below() int {
	if t == nil {
		return 0
	}
	return t.sum
}

// weigh renews t's sum after a change of its children or messages.
func (t *keptTopic) weigh() *keptTopic {
	t.sum = t.left.below() + t.messages + t.right.below()
	return t
}

// insert adds a topic that is not there.
func (r *keptTree) insert(t *keptTopic) {
	t.priority = rand.Uint32()
	before, behind := split(r.root, t.topic)
	r.root = merge(merge(before, t.weigh()), behind)
}

// remove takes a topic out.
func (r *keptTree) remove(t *keptTopic) {
	for at := &r.root; ; {
		n := *at
		if n == t {
			*at = merge(t.left, t.right)
			t.left, t.right = nil, nil
			return
		}
		n.sum -= t.messages
		if t.topic < n.topic {
			at = &n.left
		} else {
			at = &n.right
		}
	}
}

// add counts n messages more of a topic that is there.
func (r *keptTree) add(t *keptTopic, n int) {
	t.messages += n
	for at := r.root; ; {
		at.sum += n
		switch {
		case at == t:
			return
		case t.topic < at.topic:
			at = at.left
		default:
			at = at.right
		}
	}
}

// split parts the topics before topic from those behind it.
func split(n *keptTopic, topic string) (before, behind *keptTopic) {
	switch {
	case n == nil:
		return nil, nil
	case n.topic < topic:
		n.right, behind = split(n.right, topic)
		return n.weigh(), behind
	default:
		before, n.left = split(n.left, topic)
		return before, n.weigh()
	}
}

// merge joins two trees, all of whose topics are in order.
func merge(before, behind *keptTopic) *keptTopic {
	switch {
	case before == nil:
		return behind
	case behind == nil:
		return before
	case before.priority > behind.priority:
		before.right = merge(before.right, behind)
		return before.weigh()
	default:
		behind.left = merge(before, behind.left)
		return behind.weigh()
	}
}

// count returns how many messages are kept whose topics begin with prefix. The
// cost does not depend on how many.
func (r *keptTree) count(prefix string) int {
	upTo := func(within bool) (sum int) {
		for n := r.root; n != nil; {
			if n.topic < prefix || within && strings.HasPrefix(n.topic, prefix) {
				sum += n.left.below() + n.messages
				n = n.right
			} else {
				n = n.left
			}
		}
		return sum
	}
	return upTo(true) - upTo(false)
}

// appendMatches appends the messages kept whose topics begin with prefix, in no
// order that means anything.
func (t *keptTopic) appendMatches(dst []*kept, prefix string) []*kept {
	switch {
	case t == nil:
		return dst
	case strings.HasPrefix(t.topic, prefix):
		dst = t.left.appendMatches(dst, prefix)
		for m := t.first; m != nil; m = m.next {
			dst = append(dst, m)
		}
		return t.right.appendMatches(dst, prefix)
	case t.topic < prefix:
		return t.right.appendMatches(dst, prefix)
	default:
		return t.left.appendMatches(dst, prefix)
	}
}
