package pattern

import "iter"

// compactAt is the number of places below which a [Rotation] does not bother to close the gaps of departed members.
const compactAt = 64

// Rotation gives the members of a socket their turns. A sender rotates among the peers that have room (round robin,
// RFC 28 and 30: PP-02, RR-04, RR-31), a receiver among those that have messages waiting (fair queuing: PP-04,
// RR-34). Members with room, or with messages, are the available ones.
//
// The turn goes round in the order in which members joined, passes over those that are not available, and after the
// last begins again with the first. Suspending and resuming never changes that order (TR-06). Between two turns of a
// member, every other member that was available all the while has exactly one turn, and any other at most one.
//
// The zero Rotation is empty and ready to use. It is not safe for concurrent use.
type Rotation[T comparable] struct {
	index     map[T]int  // where in places each member is
	places    []place[T] // in the order of joining; members that left leave gaps
	available bitset     // of places
	count     int        // of available members
	from      int        // the place from which the next turn is looked for
	turn      int        // one more than the place of the member whose turn Next announced; 0 if there is none
	again     bool       // that turn has ended, and the next one is the same member's while no other is available
}

// place is where a member stands in a [Rotation].
type place[T comparable] struct {
	member T
	taken  bool
}

// Add lets x join at the end of the order, available. If x is a member already, nothing changes.
func (r *Rotation[T]) Add(x T) {
	if r.join(x) {
		r.Resume(x)
	}
}

// AddIdle lets x join at the end of the order, not yet available: the case of a receiver, which has nothing to read
// from a peer that has only just come. If x is a member already, nothing changes.
func (r *Rotation[T]) AddIdle(x T) {
	r.join(x)
}

// join gives x a place at the end, and reports false if it had one.
func (r *Rotation[T]) join(x T) bool {
	if _, member := r.index[x]; member {
		return false
	}
	if r.index == nil {
		r.index = make(map[T]int)
	}
	r.index[x] = len(r.places)
	r.places = append(r.places, place[T]{member: x, taken: true})
	return true
}

// Remove takes x out. If it was x's turn, that turn is over. If x is not a member, nothing changes.
func (r *Rotation[T]) Remove(x T) {
	p, member := r.index[x]
	if !member {
		return
	}
	r.Suspend(x)
	delete(r.index, x)
	r.places[p] = place[T]{}
	if len(r.places) > compactAt && len(r.index) < len(r.places)/2 {
		r.compact()
	}
}

// compact closes the gaps, keeping the order and the turn. As at least half of the places are gaps, its cost is that
// of the removals since the last time.
func (r *Rotation[T]) compact() {
	places := make([]place[T], 0, len(r.index))
	var available bitset
	from, turn := 0, 0
	for p := range r.places {
		if p == r.from {
			from = len(places)
		}
		if !r.places[p].taken {
			continue
		}
		r.index[r.places[p].member] = len(places)
		if r.available.has(p) {
			available.set(len(places))
		}
		places = append(places, r.places[p])
		if p+1 == r.turn {
			turn = len(places)
		}
	}
	if r.from == len(r.places) {
		from = len(places)
	}
	r.places, r.available, r.from, r.turn = places, available, from, turn
}

// Next returns the member whose turn it is, or false if none is available. The turn stays with that member, and Next
// keeps returning it, until Advance, Suspend or Remove ends it; others that become available meanwhile wait for
// theirs.
func (r *Rotation[T]) Next() (T, bool) {
	if r.turn == 0 && !r.announce() {
		var none T
		return none, false
	}
	r.again = false
	return r.places[r.turn-1].member, true
}

// Pick gives the turn to the available member that costs least, or returns false if none is available. Of those that
// cost the same it is the one whose turn comes first. It asks every available member.
func (r *Rotation[T]) Pick(cost func(T) int) (T, bool) {
	var best T
	least, found := 0, 0
	for i := range r.places {
		at := r.from + i
		if at >= len(r.places) {
			at -= len(r.places)
		}
		if !r.available.has(at) {
			continue
		}
		if c := cost(r.places[at].member); found == 0 || c < least {
			best, least, found = r.places[at].member, c, at+1
		}
	}
	r.turn, r.again = found, false
	return best, found > 0
}

// announce finds the first available member from the present position on, and gives it the turn.
func (r *Rotation[T]) announce() bool {
	r.turn = r.available.cycle(r.from) + 1
	return r.turn > 0
}

// Advance ends the turn of the member that Next returned, so that the turn passes to the next available one. If that
// turn is over already, because the member was suspended or removed meanwhile, nothing changes: nobody's turn is
// skipped.
func (r *Rotation[T]) Advance() {
	if r.count == 1 {
		r.again = r.turn > 0 // a single peer, as is common, is not looked for again
		return
	}
	r.pass()
}

// pass takes the turn away from the member that has it.
func (r *Rotation[T]) pass() {
	if r.turn > 0 {
		r.from = r.turn
		r.turn = 0
	}
	r.again = false
}

// Suspend makes x unavailable; if Next gave it the turn, that turn is over. Suspending a member that is not
// available, or someone who is not a member, changes nothing.
func (r *Rotation[T]) Suspend(x T) {
	p, member := r.index[x]
	if !member || !r.available.has(p) {
		return
	}
	r.available.clear(p)
	r.count--
	if r.turn == p+1 {
		r.pass()
	}
}

// Resume makes x available again, in its old place in the order. Resuming a member that is available, or someone who
// is not a member, changes nothing.
func (r *Rotation[T]) Resume(x T) {
	p, member := r.index[x]
	if !member || r.available.has(p) {
		return
	}
	if r.again {
		r.pass()
	}
	r.available.set(p)
	r.count++
}

// Len returns the number of members, available or not.
func (r *Rotation[T]) Len() int { return len(r.index) }

// Available returns the number of available members.
func (r *Rotation[T]) Available() int { return r.count }

// All yields every member, available or not, in the order in which they joined. The Rotation must not be given or
// lose members during the iteration.
func (r *Rotation[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, p := range r.places {
			if p.taken && !yield(p.member) {
				return
			}
		}
	}
}
