package pattern

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
)

// maxIdentity is the length in octets of the longest identity (RFC 23, RFC 37).
const maxIdentity = 255

// ErrTaken says that an identity already belongs to another peer, or that a peer already has an identity.
var ErrTaken = errors.New("identity is taken")

// ErrIdentity says that an identity is not one that a peer may have.
var ErrIdentity = errors.New("bad identity")

// Routes is the table by which a ROUTER finds the peer for an identity, and the identity of a peer. An identity is 1
// to 255 octets and begins with one other than zero; those that begin with zero are generated here, so no peer can
// claim one (RR-43).
//
// It is not safe for concurrent use.
type Routes[T comparable] struct {
	peers map[string]T
	ids   map[T]string
	next  uint32 // the next identity to generate
}

// NewRoutes returns an empty table. It generates identities counting up from seed, which should be random, so that
// one learned in a former life of the socket leads nowhere.
func NewRoutes[T comparable](seed uint32) *Routes[T] {
	return &Routes[T]{
		peers: make(map[string]T),
		ids:   make(map[T]string),
		next:  seed,
	}
}

// Add enters x under id, and returns the identity it now has: id itself or, if id is empty, a generated one of five
// octets, 00 and a number (RR-43). The table keeps a copy of id.
//
// The error matches [ErrTaken] if another peer has this identity, which then keeps it (RR-44), or if x is in the
// table already; it matches [ErrIdentity] if id is longer than 255 octets or begins with a zero octet. The name an
// application chooses for a peer it connects to is under the same rules (RR-47).
func (r *Routes[T]) Add(id []byte, x T) (assigned string, err error) {
	if old, named := r.ids[x]; named {
		return "", fmt.Errorf("%w: the peer is already called %q", ErrTaken, old)
	}
	if len(id) == 0 {
		assigned = r.generate()
	} else {
		if err := CheckIdentity(id); err != nil {
			return "", err
		}
		assigned = string(id)
		if _, taken := r.peers[assigned]; taken {
			return "", fmt.Errorf("%w: %q", ErrTaken, id)
		}
	}
	r.enter(assigned, x)
	return assigned, nil
}

// CheckIdentity returns an error that matches [ErrIdentity] unless id is an identity that a peer may choose or be
// given by name: 1 to 255 octets, of which the first is not zero.
func CheckIdentity(id []byte) error {
	switch {
	case len(id) == 0 || len(id) > maxIdentity:
		return fmt.Errorf("%w: %d octets, expected 1 to %d", ErrIdentity, len(id), maxIdentity)
	case id[0] == 0:
		return fmt.Errorf("%w: %q begins with a zero octet, as only generated ones do", ErrIdentity, id)
	}
	return nil
}

// Replace hands the identity id over to x, which is not in the table (RR-45). The peer that had it stays in the table
// under a generated identity, until it is removed; Replace returns both. If nobody has this identity, or x is in the
// table already, nothing changes and oldID is empty. Replace is what remains to do after Add failed with [ErrTaken].
// Who may take whose identity is for the caller to decide.
func (r *Routes[T]) Replace(id []byte, x T) (old T, oldID string) {
	old, taken := r.peers[string(id)]
	if _, named := r.ids[x]; named || !taken {
		var none T
		return none, ""
	}
	oldID = r.generate()
	r.enter(oldID, old)
	r.enter(string(id), x)
	return old, oldID
}

// enter makes x and id belong together.
func (r *Routes[T]) enter(id string, x T) {
	r.peers[id] = x
	r.ids[x] = id
}

// generate returns an identity that nobody has. The counter comes round only after 2^32 peers, and then passes over
// those that are still there. It passes over zero too, which is no number of a peer (CS-02).
func (r *Routes[T]) generate() string {
	var id [5]byte
	for {
		r.next = max(1, r.next)
		binary.BigEndian.PutUint32(id[1:], r.next)
		r.next++
		if _, taken := r.peers[string(id[:])]; !taken {
			return string(id[:])
		}
	}
}

// Lookup returns the peer that has this identity, or false if there is none. It does not allocate.
func (r *Routes[T]) Lookup(id []byte) (T, bool) {
	x, ok := r.peers[string(id)]
	return x, ok
}

// ID returns the identity of x, or "" if x is not in the table.
func (r *Routes[T]) ID(x T) string { return r.ids[x] }

// Remove takes x out; its identity is free again. If x is not in the table, nothing changes.
func (r *Routes[T]) Remove(x T) {
	if id, named := r.ids[x]; named {
		delete(r.ids, x)
		delete(r.peers, id)
	}
}

// Len returns the number of peers.
func (r *Routes[T]) Len() int { return len(r.peers) }

// All yields each identity with its peer, in no particular order. Peers may be removed during the iteration.
func (r *Routes[T]) All() iter.Seq2[string, T] { return maps.All(r.peers) }
